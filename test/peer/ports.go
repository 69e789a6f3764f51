package main

import (
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"time"
)

// PortForward is what listens in the pod: the port chooses the script.
func (scriptedRuntime) PortForward(_ context.Context, name string, _ string, port int32, stream io.ReadWriteCloser) error {
	script, ok := portScripts[port]
	if !ok {
		return fmt.Errorf("failed to connect to localhost:%d inside namespace %q: connection refused", port, name)
	}
	return script(stream)
}

var portScripts = map[int32]func(io.ReadWriteCloser) error{
	// 7000: echoes, and ends when the client has ended.
	7000: func(s io.ReadWriteCloser) error {
		_, err := io.Copy(s, s)
		return err
	},
	// 7001: answers only after the client has ended its side: a reply that half-close must carry.
	7001: func(s io.ReadWriteCloser) error {
		sum := sha256.New()
		n, err := io.Copy(sum, s)
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(s, "%x %d\n", sum.Sum(nil), n)
		return err
	},
	// 7002: ends its own side at once and goes on reading; says what it got on 7003.
	7002: func(s io.ReadWriteCloser) error {
		_, _ = s.Write([]byte("bye\n"))
		_ = s.Close()
		sum := sha256.New()
		n, _ := io.Copy(sum, s)
		lastUpload.Store(fmt.Sprintf("%x %d\n", sum.Sum(nil), n))
		return nil
	},
	7003: func(s io.ReadWriteCloser) error {
		text, _ := lastUpload.Load().(string)
		_, err := s.Write([]byte(text))
		return err
	},
	// 7004: breaks off in the middle of an answer: never a clean end.
	7004: func(s io.ReadWriteCloser) error {
		_, _ = s.Write([]byte("half of an ans"))
		time.Sleep(50 * time.Millisecond)
		if r, ok := s.(interface{ Reset() error }); ok {
			return r.Reset()
		}
		return fmt.Errorf("connection reset by peer")
	},
	// 7005: takes the connection and never reads.
	7005: func(io.ReadWriteCloser) error {
		time.Sleep(5 * time.Minute)
		return nil
	},
	// 7006: sends 64 MiB as fast as it is taken.
	7006: func(s io.ReadWriteCloser) error {
		block := make([]byte, 64<<10)
		for i := 0; i < 1024; i++ {
			if _, err := s.Write(block); err != nil {
				return err
			}
		}
		return nil
	},
	// 7007: speaks first, and only after a while.
	7007: func(s io.ReadWriteCloser) error {
		time.Sleep(500 * time.Millisecond)
		_, err := s.Write([]byte("220 late\r\n"))
		return err
	},
}
