package process

import "syscall"

// endWithParent makes a child the leader of a process group and has it
// interrupted when the driver is gone. As the kernel sends that signal for each
// of the driver's threads, a program which takes a second interrupt for an
// order to stop at once does so.
func endWithParent() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGINT}
}

// TestSession gives a child of a test a session of its own, and ends it with the test.
// The signal is sent when the thread that started the child ends: Go keeps the threads of
// goroutines that aren't locked to one.
func TestSession() *syscall.SysProcAttr {
	return &syscall.SysProcAttr{Setsid: true, Pdeathsig: syscall.SIGTERM}
}
