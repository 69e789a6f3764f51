// Command supervisor behaves as k3s does, with a real apiserver and k3s's own tunnel library:
//
//	supervisor server --supervisor-address=IP:PORT …   an apiserver behind a server in the same process, which also carries its egress
//	supervisor agent --server=IP:PORT --node=NAME …    the tunnel of one node
package main

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"

	"k8s.io/klog/v2"
)

func main() {
	if len(os.Args) < 2 {
		klog.Fatal("usage: supervisor server|agent FLAGS")
	}

	switch what := os.Args[1]; what {
	case "server":
		runServer(os.Args[2:])
	case "agent":
		runAgent(os.Args[2:])
	default:
		klog.Fatalf("supervisor: no part %q", what)
	}
}

func keyPair(certFile, keyFile string) tls.Certificate {
	pair, err := tls.LoadX509KeyPair(certFile, keyFile)
	if err != nil {
		klog.Fatal(err)
	}

	return pair
}

func authorities(caFile string) *x509.CertPool {
	pem, err := os.ReadFile(caFile)
	pool := x509.NewCertPool()
	if err == nil && !pool.AppendCertsFromPEM(pem) {
		err = fmt.Errorf("%s has no certificate", caFile)
	}

	if err != nil {
		klog.Fatal(err)
	}

	return pool
}
