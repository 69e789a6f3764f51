// Command workload is everything that runs inside the fixture's pods: the pause process, a log writer whose lines
// can be checked, and servers for port-forward and the proxies. One static program, so that one small image is enough.
package main

import (
	"fmt"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	if len(os.Args) < 2 {
		fmt.Fprintln(os.Stderr, "usage: workload pause | write-lines | http | https | tcp")
		os.Exit(2)
	}
	jobs := map[string]func([]string){
		"pause":       func([]string) { pause() },
		"write-lines": writeLines,
		"http":        func(args []string) { serveHTTP(args, false) },
		"https":       func(args []string) { serveHTTP(args, true) },
		"tcp":         serveTCP,
	}
	job, known := jobs[os.Args[1]]
	if !known {
		fmt.Fprintf(os.Stderr, "workload: unknown job %q\n", os.Args[1])
		os.Exit(2)
	}
	job(os.Args[2:])
}

// pause holds a pod's namespaces, reaps what is orphaned into it and ends at once on TERM.
func pause() {
	signals := make(chan os.Signal, 8)
	signal.Notify(signals, syscall.SIGCHLD, syscall.SIGTERM, syscall.SIGINT)
	for received := range signals {
		if received != syscall.SIGCHLD {
			return
		}
		for {
			if pid, err := syscall.Wait4(-1, nil, syscall.WNOHANG, nil); pid <= 0 || err != nil {
				break
			}
		}
	}
}
