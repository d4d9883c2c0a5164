//go:build unix

package demo

import (
	"os/exec"
	"syscall"
)

// detach keeps the terminal's Ctrl-C, which is for the demo, from the browser.
func detach(c *exec.Cmd) { c.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }
