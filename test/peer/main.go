// Command peer is a kubelet (and, in front of it, the apiserver's streaming handlers) that misbehaves by script.
//
// The streams are served by Kubernetes' own server code: k8s.io/cri-streaming for exec, attach and port-forward over
// SPDY, k8s.io/cri-client/pkg/logs for logs, and the apiserver's translators for WebSockets. Only what a container or
// an application would do is scripted: by container name for exec, attach and logs, by port for port-forward.
package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"flag"
	"fmt"
	"log"
	"math/big"
	"net"
	"net/http"
	"os"
	"time"
)

func main() {
	address := flag.String("address", "127.0.0.1:0", "host and port to serve the apiserver's paths on")
	kubelet := flag.String("kubelet-address", "127.0.0.1:0", "host and port to serve the kubelet's paths on")
	caOut := flag.String("ca-out", "", "file that takes the serving certificate, PEM")
	folder := flag.String("logs", "", "folder for container logs; a temporary one when empty")
	flag.Parse()

	certificate := selfSigned(caOut)
	logFolder := *folder
	if logFolder == "" {
		made, err := os.MkdirTemp("", "spoke-peer-")
		if err != nil {
			log.Fatal(err)
		}
		defer os.RemoveAll(made)
		logFolder = made
	}

	node := &kubeletServer{runtime: scriptedRuntime{}, logs: logFolder}
	kubeletListener := listen(*kubelet)
	go serve(kubeletListener, certificate, node.handler())

	frontListener := listen(*address)
	front := &apiserver{kubelet: kubeletListener.Addr().String()}
	// The one line that the test waits for.
	fmt.Printf("ready %s %s\n", frontListener.Addr(), kubeletListener.Addr())

	// The test holds our standard input: when it goes, so do we.
	go func() {
		_, _ = os.Stdin.Read(make([]byte, 1))
		os.RemoveAll(logFolder)
		os.Exit(0)
	}()
	serve(frontListener, certificate, front.handler())
}

func listen(address string) net.Listener {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		log.Fatal(err)
	}
	return listener
}

func serve(listener net.Listener, certificate tls.Certificate, handler http.Handler) {
	server := &http.Server{
		Handler:   handler,
		TLSConfig: &tls.Config{Certificates: []tls.Certificate{certificate}, NextProtos: []string{"http/1.1"}},
		ErrorLog:  log.New(os.Stderr, "peer: ", 0),
	}
	log.Fatal(server.ServeTLS(listener, "", ""))
}

func selfSigned(out *string) tls.Certificate {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		log.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber:          big.NewInt(1),
		Subject:               pkix.Name{CommonName: "scripted-peer"},
		NotBefore:             time.Now().Add(-time.Hour),
		NotAfter:              time.Now().Add(24 * time.Hour),
		IPAddresses:           []net.IP{net.IPv4(127, 0, 0, 1)},
		DNSNames:              []string{"localhost"},
		IsCA:                  true,
		BasicConstraintsValid: true,
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth},
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		log.Fatal(err)
	}
	if *out != "" {
		if err := os.WriteFile(*out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
			log.Fatal(err)
		}
	}
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}
}
