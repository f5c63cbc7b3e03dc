package process

import "syscall"

// endWithParent makes a child the leader of a process group and has it
// signalled when the driver is gone.
func endWithParent(signal syscall.Signal) *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: signal}
}
