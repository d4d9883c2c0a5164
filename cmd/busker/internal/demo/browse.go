package demo

import (
	"context"
	"log/slog"
	"os"
	"os/exec"
	"runtime"
)

// browse opens the address in the desktop's browser where there is a desktop.
// The printed address does as well, so that trouble is only worth a debug line.
func browse(ctx context.Context, address string, log *slog.Logger) {
	var command []string
	switch {
	case runtime.GOOS == "darwin":
		command = []string{"open", address}
	case runtime.GOOS == "windows":
		command = []string{"rundll32", "url.dll,FileProtocolHandler", address}
	case os.Getenv("DISPLAY") != "" || os.Getenv("WAYLAND_DISPLAY") != "":
		command = []string{"xdg-open", address}
	default:
		return
	}
	if err := exec.CommandContext(ctx, command[0], command[1:]...).Run(); err != nil {
		log.Debug("no browser opened", "err", err)
	}
}
