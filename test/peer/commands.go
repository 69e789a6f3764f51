package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"sort"
	"strconv"
	"strings"
	"time"

	"k8s.io/cri-streaming/pkg/streaming/remotecommand"
	utilexec "k8s.io/utils/exec"
)

// scriptedRuntime is what the containers do: the container's name chooses the script.
type scriptedRuntime struct{}

type commandScript func(command []string, in io.Reader, out, err io.Writer, resize <-chan remotecommand.TerminalSize) error

// commandScripts end as a real command would: nil is exit 0, exited(n) is exit n, any other error an internal one.
var commandScripts = map[string]commandScript{
	// Echoes stdin until it ends.
	"echo": func(command []string, in io.Reader, out, _ io.Writer, _ <-chan remotecommand.TerminalSize) error {
		if in == nil {
			_, err := fmt.Fprintln(out, strings.Join(command, " "))
			return err
		}
		_, err := io.Copy(out, in)
		return err
	},
	// Ends with the status that the command names.
	"exit": func(command []string, _ io.Reader, _, _ io.Writer, _ <-chan remotecommand.TerminalSize) error {
		status, _ := strconv.Atoi(last(command))
		return exited(status)
	},
	// All 256 bytes, both ways round, so that nothing may have been read as text.
	"bytes": func(_ []string, _ io.Reader, out, err io.Writer, _ <-chan remotecommand.TerminalSize) error {
		all := make([]byte, 256)
		for i := range all {
			all[i] = byte(i)
		}
		if _, e := out.Write(all); e != nil {
			return e
		}
		_, e := err.Write(all)
		return e
	},
	// SHA-256 and length of stdin, said only after its end.
	"hash": func(_ []string, in io.Reader, out, _ io.Writer, _ <-chan remotecommand.TerminalSize) error {
		sum := sha256.New()
		n, err := io.Copy(sum, in)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(out, "%x %d\n", sum.Sum(nil), n)
		return err
	},
	// Reads one byte of stdin and ends: the rest must be dropped quietly.
	"first-byte": func(_ []string, in io.Reader, out, _ io.Writer, _ <-chan remotecommand.TerminalSize) error {
		one := make([]byte, 1)
		if _, err := io.ReadFull(in, one); err != nil {
			return err
		}
		_, err := out.Write(one)
		return err
	},
	// Numbers from 1 to the one that the command names.
	"seq": func(command []string, _ io.Reader, out, _ io.Writer, _ <-chan remotecommand.TerminalSize) error {
		n, _ := strconv.Atoi(last(command))
		var block []byte
		for i := 1; i <= n; i++ {
			block = append(strconv.AppendInt(block, int64(i), 10), '\n')
			if len(block) > 32<<10 || i == n {
				if _, err := out.Write(block); err != nil {
					return err
				}
				block = block[:0]
			}
		}
		return nil
	},
	// Never says anything and never ends.
	"stall": func([]string, io.Reader, io.Writer, io.Writer, <-chan remotecommand.TerminalSize) error {
		time.Sleep(10 * time.Minute)
		return nil
	},
	// Says each size that it is told, and ends after the number that the command names.
	"sizes": func(command []string, _ io.Reader, out, _ io.Writer, resize <-chan remotecommand.TerminalSize) error {
		n, _ := strconv.Atoi(last(command))
		for i := 0; i < n; i++ {
			size, ok := <-resize
			if !ok {
				return nil
			}
			if _, err := fmt.Fprintf(out, "%dx%d\r\n", size.Width, size.Height); err != nil {
				return err
			}
		}
		return nil
	},
	// Fails inside the runtime: an internal error, not an exit status.
	"broken": func([]string, io.Reader, io.Writer, io.Writer, <-chan remotecommand.TerminalSize) error {
		return fmt.Errorf("container is not created or running")
	},
}

func (scriptedRuntime) ExecInContainer(_ context.Context, _, _, container string, command []string, in io.Reader, out, err io.WriteCloser, _ bool, resize <-chan remotecommand.TerminalSize, _ time.Duration) error {
	return runScript(container, command, in, out, err, resize)
}

func (scriptedRuntime) AttachContainer(_ context.Context, _, _, container string, in io.Reader, out, err io.WriteCloser, _ bool, resize <-chan remotecommand.TerminalSize) error {
	return runScript(container, nil, in, out, err, resize)
}

func runScript(container string, command []string, in io.Reader, out, err io.WriteCloser, resize <-chan remotecommand.TerminalSize) error {
	script, ok := commandScripts[container]
	if !ok {
		return fmt.Errorf("no script named %q", container)
	}
	return script(command, in, writerOrNone(out), writerOrNone(err), resize)
}

// writerOrNone stands in for a stream that the client did not ask for.
func writerOrNone(w io.WriteCloser) io.Writer {
	if w == nil {
		return io.Discard
	}
	return w
}

func exited(status int) error {
	if status == 0 {
		return nil
	}
	return utilexec.CodeExitError{Err: fmt.Errorf("exit status %d", status), Code: status}
}

func last(words []string) string {
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// scriptNames are all names that a container may have: commands, raw endings and logs.
func scriptNames() []string {
	names := []string{}
	for name := range commandScripts {
		names = append(names, name)
	}
	for name := range rawScripts {
		names = append(names, name)
	}
	for name := range logScripts {
		names = append(names, name)
	}
	sort.Strings(names)
	return names
}
