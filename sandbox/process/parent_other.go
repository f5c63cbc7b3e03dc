//go:build !linux

package process

import "syscall"

// endWithParent makes a child the leader of a process group. Only Linux can
// signal a child whose parent was killed.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}

// TestSession gives a child of a test a session of its own. Only Linux can end it with the
// test.
func TestSession() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
