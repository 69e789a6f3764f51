package main

import (
	"crypto/sha256"
	"fmt"
	"io"
	"log"
	"net"
	"strconv"
	"time"
)

// serveTCP listens on the ports that a forward is tried with:
// 7000 echoes and passes a half-close on; 7001 reads a decimal count and a newline and sends so many bytes;
// 7002 reads to the end and answers "<bytes> <sha256>\n"; 7003 resets; 7004 accepts and never reads; 7005 ends at once.
func serveTCP([]string) {
	for port, handle := range map[int]func(*net.TCPConn){7000: echo, 7001: source, 7002: sink, 7003: reset, 7004: stall, 7005: finish} {
		listener, err := net.Listen("tcp", ":"+strconv.Itoa(port))
		if err != nil {
			log.Fatal(err)
		}
		go accept(listener, handle)
	}
	fmt.Println("listening on 7000-7005")
	pause()
}

func accept(listener net.Listener, handle func(*net.TCPConn)) {
	for {
		connection, err := listener.Accept()
		if err != nil {
			log.Fatal(err)
		}
		go func() {
			defer connection.Close()
			handle(connection.(*net.TCPConn))
		}()
	}
}

func echo(connection *net.TCPConn) {
	_, _ = io.Copy(connection, connection)
	_ = connection.CloseWrite()
}

func source(connection *net.TCPConn) {
	var count int64
	if _, err := fmt.Fscanf(connection, "%d\n", &count); err != nil {
		return
	}
	block := make([]byte, 1<<16)
	for i := range block {
		block[i] = byte(i * 7)
	}
	for count > 0 {
		written, err := connection.Write(block[:min(count, int64(len(block)))])
		if err != nil {
			return
		}
		count -= int64(written)
	}
	_ = connection.CloseWrite()
}

func sink(connection *net.TCPConn) {
	hash := sha256.New()
	count, _ := io.Copy(hash, connection)
	fmt.Fprintf(connection, "%d %x\n", count, hash.Sum(nil))
}

func reset(connection *net.TCPConn) {
	_ = connection.SetLinger(0)
}

func stall(connection *net.TCPConn) {
	time.Sleep(24 * time.Hour)
}

func finish(*net.TCPConn) {}
