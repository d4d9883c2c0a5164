# An image with nothing in it but Busker: no shell, no package manager, no root.
#
#   docker build -t busker .                                      for this machine
#   docker buildx build --platform linux/amd64,linux/arm64 .      for both
#
# The build stage runs on the machine that builds and compiles for the one that will run
# (nothing is emulated). docs/docker.md says what the arguments do.
ARG BUILD_BASE=docker.io/library/golang:1.26-bookworm
ARG BASE=scratch

FROM --platform=$BUILDPLATFORM ${BUILD_BASE} AS build
ARG TARGETARCH
ARG CGO=1
WORKDIR /src
COPY tools/image.sh tools/
RUN tools/image.sh tools
COPY go.mod go.sum ./
RUN go mod download
COPY . .
ARG VERSION=devel
RUN tools/image.sh build /out

FROM ${BASE}
ARG VERSION=devel
ARG REVISION=
LABEL org.opencontainers.image.title="Busker" \
      org.opencontainers.image.description="A music bot for Discord that makes its own sound" \
      org.opencontainers.image.licenses="Apache-2.0" \
      org.opencontainers.image.version="${VERSION}" \
      org.opencontainers.image.revision="${REVISION}"
COPY --from=build /out/root/ /
COPY --from=build --chown=10001:10001 /out/own/ /
# What the bot remembers in its one-process form, and what it can make anew.
ENV HOME=/data XDG_DATA_HOME=/data XDG_CACHE_HOME=/cache TMPDIR=/cache \
    SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt \
    BUSKER_METRICS_LISTEN=:9090
VOLUME ["/data", "/cache"]
EXPOSE 9090
USER 10001:10001
WORKDIR /data
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 CMD ["/usr/local/bin/busker", "health"]
ENTRYPOINT ["/usr/local/bin/busker"]
CMD ["run"]
