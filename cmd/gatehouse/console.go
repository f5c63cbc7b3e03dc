package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"
)

// console has the input and the outputs of a command.
type console struct {
	in     io.Reader
	out    io.Writer
	errOut io.Writer
	now    func() time.Time

	// terminal opens the operator's terminal for a question, since the standard input
	// has the stack's outputs.
	terminal func() (io.ReadWriteCloser, error)
}

// systemConsole returns the console of the process.
func systemConsole() console {
	return console{
		in: os.Stdin, out: os.Stdout, errOut: os.Stderr, now: time.Now,
		terminal: func() (io.ReadWriteCloser, error) { return os.OpenFile("/dev/tty", os.O_RDWR, 0) },
	}
}

// isTerminal reports whether what is written to out appears on a terminal.
func (c console) isTerminal() bool { return isTerminal(c.out) }

func isTerminal(w io.Writer) bool {
	file, ok := w.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// note writes a line for the operator that is no part of the command's result.
func (c console) note(format string, args ...any) {
	_, _ = fmt.Fprintf(c.errOut, format+"\n", args...)
}

var (
	errNoTerminal   = errors.New("there is no terminal to ask on; nothing was changed. Give -yes, or YES=1 to make, to confirm")
	errNotConfirmed = errors.New("not confirmed; nothing was changed")
)

// confirm asks on the terminal whether to go on.
func (c console) confirm(ctx context.Context, question string) error {
	terminal, err := c.terminal()
	if err != nil {
		return fmt.Errorf("%s: %w", question, errNoTerminal)
	}
	defer terminal.Close()
	if _, err := fmt.Fprintf(terminal, "%s\nType yes to go on: ", question); err != nil {
		return errNoTerminal
	}
	answer := make(chan string, 1)
	go func() {
		line, _ := bufio.NewReader(terminal).ReadString('\n')
		answer <- strings.TrimSpace(line)
	}()
	select {
	case <-ctx.Done():
		return errNotConfirmed
	case line := <-answer:
		if line != "yes" {
			return errNotConfirmed
		}
		return nil
	}
}
