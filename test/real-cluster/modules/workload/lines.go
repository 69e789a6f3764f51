package main

import (
	"bufio"
	"crypto/sha256"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// writeLines prints numbered lines, each with a hash of its own number, so that a reader can tell a line lost,
// repeated, cut or changed. With -state the numbering goes on over restarts of the container.
func writeLines(args []string) {
	flags := flag.NewFlagSet("write-lines", flag.ExitOnError)
	rate := flags.Int("rate", 200, "lines a second; 0 is as fast as possible")
	burst := flags.Int("burst", 1, "lines in one write, so that their timestamps are as close as they get")
	count := flags.Int("count", 0, "how many in all; 0 is without end")
	width := flags.Int("width", 96, "bytes of a line")
	stderrEach := flags.Int("stderr-each", 0, "every n-th write goes to stderr; 0 is never")
	state := flags.String("state", "", "file that keeps the last number over restarts")
	stop := flags.Int("exit-after", 0, "exit with status 1 after so many lines of this run")
	then := flags.String("then", "exit", "after the last line: exit or sleep")
	_ = flags.Parse(args)

	terminated := make(chan os.Signal, 1)
	signal.Notify(terminated, syscall.SIGTERM, syscall.SIGINT)
	number, written := readNumber(*state), 0
	start := time.Now()
	buffered := bufio.NewWriterSize(os.Stdout, 1<<16)
	for *count == 0 || number < *count {
		select {
		case <-terminated:
			_ = buffered.Flush()
			return
		default:
		}
		var block strings.Builder
		for i := 0; i < *burst && (*count == 0 || number < *count); i++ {
			number++
			written++
			block.WriteString(line(number, *width))
		}
		var out io.Writer = buffered
		if *stderrEach > 0 && (written / *burst)%*stderrEach == 0 {
			out = os.Stderr
		}
		_, _ = io.WriteString(out, block.String())
		if *rate > 0 {
			_ = buffered.Flush()
			writeNumber(*state, number)
			time.Sleep(time.Until(start.Add(time.Duration(written) * time.Second / time.Duration(*rate))))
		}
		if *stop > 0 && written >= *stop {
			_ = buffered.Flush()
			os.Exit(1)
		}
	}
	_ = buffered.Flush()
	writeNumber(*state, number)
	if *then == "sleep" {
		<-terminated
	}
}

// line is "0000000042 <16 hex of sha256("42")> ....\n", width bytes in all.
func line(number, width int) string {
	hash := sha256.Sum256([]byte(strconv.Itoa(number)))
	text := fmt.Sprintf("%010d %x ", number, hash[:8])
	if missing := width - 1 - len(text); missing > 0 {
		text += strings.Repeat(".", missing)
	}
	return text + "\n"
}

func readNumber(file string) int {
	content, err := os.ReadFile(file)
	if file == "" || err != nil {
		return 0
	}
	number, _ := strconv.Atoi(strings.TrimSpace(string(content)))
	return number
}

func writeNumber(file string, number int) {
	if file == "" {
		return
	}
	_ = os.WriteFile(file+".new", []byte(strconv.Itoa(number)), 0o644)
	_ = os.Rename(file+".new", file)
}
