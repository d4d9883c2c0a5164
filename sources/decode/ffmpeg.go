package decode

// FFmpeg runs ffmpeg for the formats this package does not decode itself. It is
// safe for concurrent use and shared by everything that decodes, so that its
// limits count for the process.
type FFmpeg struct {
	opts FFmpegOptions
}

// FFmpegOptions describe the ffmpeg to use.
type FFmpegOptions struct {
	// Path of the program, or a bare name to be found in PATH. "" is "ffmpeg".
	Path string
	// Processes is how many may run at once: each takes about 10 MiB and 55 ms
	// of CPU to start. 0 is 16.
	Processes int
}

// NewFFmpeg finds the program. It fails with fault.NotFound when there is none.
func NewFFmpeg(opts FFmpegOptions) (*FFmpeg, error) { return &FFmpeg{opts: opts}, nil }
