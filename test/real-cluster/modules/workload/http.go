package main

import (
	"bufio"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha1"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"log"
	"math/big"
	"net/http"
	"os"
	"strconv"
	"time"
)

// serveHTTP answers the requests that the apiserver's proxies are tried with. The TLS form shows a self-signed
// certificate for a name that nobody asks for: only a client that does not verify gets through.
func serveHTTP(args []string, secure bool) {
	flags := flag.NewFlagSet("http", flag.ExitOnError)
	port := flags.Int("port", 8080, "")
	_ = flags.Parse(args)
	name, _ := os.Hostname()

	mux := http.NewServeMux()
	mux.HandleFunc("/", func(w http.ResponseWriter, _ *http.Request) { fmt.Fprintf(w, "hello from %s\n", name) })
	mux.HandleFunc("/request", describeRequest)
	mux.HandleFunc("/echo", func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, r.Body) })
	mux.HandleFunc("/hash", func(w http.ResponseWriter, r *http.Request) {
		hash := sha256.New()
		count, _ := io.Copy(hash, r.Body)
		fmt.Fprintf(w, "%d %x\n", count, hash.Sum(nil))
	})
	mux.HandleFunc("/bytes", func(w http.ResponseWriter, r *http.Request) {
		count, _ := strconv.ParseInt(r.URL.Query().Get("count"), 10, 64)
		_, _ = io.CopyN(w, zeros{}, count)
	})
	mux.HandleFunc("/status", func(w http.ResponseWriter, r *http.Request) {
		code, _ := strconv.Atoi(r.URL.Query().Get("code"))
		w.WriteHeader(code)
		fmt.Fprintf(w, "status %d\n", code)
	})
	mux.HandleFunc("/redirect", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Query().Get("to"), http.StatusFound)
	})
	mux.HandleFunc("/ticks", ticks)
	mux.HandleFunc("/websocket", echoWebSocket)

	server := &http.Server{Addr: ":" + strconv.Itoa(*port), Handler: mux}
	log.Printf("%s listening on %d, TLS %v", name, *port, secure)
	if !secure {
		log.Fatal(server.ListenAndServe())
	}
	server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{selfSigned()}, ClientAuth: tls.RequestClientCert}
	log.Fatal(server.ListenAndServeTLS("", ""))
}

// describeRequest says what arrived, so that a test sees which headers and credentials the apiserver passed on.
func describeRequest(w http.ResponseWriter, r *http.Request) {
	peer := ""
	if r.TLS != nil && len(r.TLS.PeerCertificates) > 0 {
		peer = r.TLS.PeerCertificates[0].Subject.String()
	}
	w.Header().Set("Content-Type", "application/json")
	_ = json.NewEncoder(w).Encode(map[string]any{
		"method": r.Method, "path": r.URL.Path, "query": r.URL.RawQuery, "host": r.Host, "headers": r.Header,
		"protocol": r.Proto, "tls": r.TLS != nil, "clientCertificate": peer, "remote": r.RemoteAddr,
	})
}

// ticks writes a line each interval until the client goes, flushed: a streaming answer.
func ticks(w http.ResponseWriter, r *http.Request) {
	interval, err := time.ParseDuration(r.URL.Query().Get("interval"))
	if err != nil {
		interval = 200 * time.Millisecond
	}
	for number := 1; ; number++ {
		if _, err := fmt.Fprintf(w, "tick %d\n", number); err != nil {
			return
		}
		w.(http.Flusher).Flush()
		select {
		case <-r.Context().Done():
			return
		case <-time.After(interval):
		}
	}
}

// echoWebSocket sends every data frame back, unmasked, and answers a close (RFC 6455; frames to 64 KiB).
func echoWebSocket(w http.ResponseWriter, r *http.Request) {
	digest := sha1.Sum([]byte(r.Header.Get("Sec-WebSocket-Key") + "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"))
	connection, stream, err := w.(http.Hijacker).Hijack()
	if err != nil {
		return
	}
	defer connection.Close()
	fmt.Fprintf(stream, "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: %s\r\n\r\n",
		base64.StdEncoding.EncodeToString(digest[:]))
	_ = stream.Flush()
	for {
		opcode, payload, err := readFrame(stream.Reader)
		if err != nil {
			return
		}
		head := []byte{opcode, 126, 0, 0}
		binary.BigEndian.PutUint16(head[2:], uint16(len(payload)))
		if len(payload) < 126 {
			head = []byte{opcode, byte(len(payload))}
		}
		_, _ = stream.Write(append(head, payload...))
		_ = stream.Flush()
		if opcode&0xf == 8 {
			return
		}
	}
}

func readFrame(reader *bufio.Reader) (byte, []byte, error) {
	head := make([]byte, 2)
	if _, err := io.ReadFull(reader, head); err != nil {
		return 0, nil, err
	}
	length := int(head[1] & 0x7f)
	if length == 127 || head[1]&0x80 == 0 {
		return 0, nil, io.ErrUnexpectedEOF
	}
	if length == 126 {
		extended := make([]byte, 2)
		if _, err := io.ReadFull(reader, extended); err != nil {
			return 0, nil, err
		}
		length = int(binary.BigEndian.Uint16(extended))
	}
	masked := make([]byte, 4+length)
	if _, err := io.ReadFull(reader, masked); err != nil {
		return 0, nil, err
	}
	for i := 4; i < len(masked); i++ {
		masked[i] ^= masked[(i-4)%4]
	}
	return head[0], masked[4:], nil
}

type zeros struct{}

func (zeros) Read(into []byte) (int, error) {
	clear(into)
	return len(into), nil
}

func selfSigned() tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1),
		Subject:      pkix.Name{CommonName: "somebody-else"},
		DNSNames:     []string{"somebody-else.example"},
		NotBefore:    time.Now().Add(-time.Hour),
		NotAfter:     time.Now().Add(365 * 24 * time.Hour),
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
