//go:build !linux

package process

import "syscall"

// endWithParent makes a child the leader of a process group. Only Linux can
// signal a child whose parent was killed.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true}
}
