package main

import (
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"

	"busker/opus"
)

type versionCommand struct{}

// Run prints the version and what was built in.
func (c *versionCommand) Run() error {
	ffmpeg := "not found: only the formats Busker decodes itself"
	if path, err := exec.LookPath("ffmpeg"); err == nil {
		ffmpeg = path
	}
	_, err := fmt.Fprintf(os.Stdout, "busker %s\n%s %s/%s\nopus: %s\nffmpeg: %s\n",
		version, runtime.Version(), runtime.GOOS, runtime.GOARCH, strings.Join(opus.Backends(), ", "), ffmpeg)
	return err
}
