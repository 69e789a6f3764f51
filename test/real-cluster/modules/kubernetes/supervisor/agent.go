package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"net"
	"time"

	"github.com/gorilla/websocket"
	"github.com/rancher/remotedialer"
	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
)

// runAgent keeps a session to the supervisor and carries what it dials at the kubelet's port of loopback to the kubelet.
// See k3s pkg/agent/tunnel/tunnel.go.
func runAgent(args []string) {
	flags := pflag.NewFlagSet("agent", pflag.ContinueOnError)
	server := flags.String("server", "", "address of the supervisor")
	kubelet := flags.String("kubelet", "", "address of the node's kubelet")
	caFile := flags.String("ca-file", "", "CA of the supervisor")
	certFile := flags.String("cert-file", "", "client certificate of the node")
	keyFile := flags.String("key-file", "", "its key")
	must(flags.Parse(args))
	_, port, err := net.SplitHostPort(*kubelet)
	must(err)

	ctx := genericapiserver.SetupSignalContext()
	url := fmt.Sprintf("wss://%s/v1-k3s/connect", *server)
	dialer := &websocket.Dialer{TLSClientConfig: &tls.Config{
		RootCAs:      authorities(*caFile),
		Certificates: []tls.Certificate{keyPair(*certFile, *keyFile)},
		MinVersion:   tls.VersionTLS12,
	}}
	isAllowed := func(network, address string) bool {
		return network == "tcp" && address == net.JoinHostPort("127.0.0.1", port)
	}
	dialKubelet := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, network, *kubelet)
	}
	for ctx.Err() == nil {
		_ = remotedialer.ConnectToProxyWithDialer(ctx, url, nil, isAllowed, dialer, dialKubelet, nil)
		select {
		case <-ctx.Done():
		case <-time.After(time.Second):
		}
	}
}
