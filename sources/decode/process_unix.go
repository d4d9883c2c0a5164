//go:build unix

package decode

import (
	"os/exec"
	"syscall"
)

// killGroup makes the end of cmd's context kill cmd and all it started.
func killGroup(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
