package demo

import (
	"log/slog"
	"os"
	"os/exec"
	"runtime"
)

// browse opens the address in the desktop's browser where there is a desktop. The
// browser outlives the demo. The printed address does as well, so that trouble is
// only worth a debug line.
func browse(address string, log *slog.Logger) {
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
	c := exec.Command(command[0], command[1:]...) //nolint:noctx // the browser outlives the demo
	detach(c)
	if err := c.Start(); err != nil {
		log.Debug("no browser opened", "err", err)
		return
	}
	_ = c.Process.Release() // it belongs to the desktop now
}
