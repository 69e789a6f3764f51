package main

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"os"
	"slices"
	"strings"
	_ "time/tzdata"

	"github.com/rancher/remotedialer"
	"github.com/spf13/pflag"
	genericapiserver "k8s.io/apiserver/pkg/server"
	"k8s.io/apiserver/pkg/server/flagz"
	"k8s.io/client-go/kubernetes"
	_ "k8s.io/component-base/metrics/prometheus/clientgo"
	_ "k8s.io/component-base/metrics/prometheus/version"
	"k8s.io/klog/v2"
	"k8s.io/kubernetes/cmd/kube-apiserver/app"
	"k8s.io/kubernetes/cmd/kube-apiserver/app/options"
)

// runServer serves users, agents and the apiserver's own egress at one address. The apiserver listens on loopback; requests of users reach
// its handler without another connection, so that it sees their client certificates.
// See k3s pkg/server/handlers/router.go and pkg/daemons/executor/embed.go.
func runServer(args []string) {
	var address string
	own := pflag.NewFlagSet("supervisor", pflag.ContinueOnError)
	own.StringVar(&address, "supervisor-address", "", "address of the supervisor")

	ctx := genericapiserver.SetupSignalContext()
	run := options.NewServerRunOptions()
	flags := run.Flags()
	// The k3s fork of Kubernetes adds it; /flagz shows it.
	flags.FlagSet("secure serving").Int("advertise-port", 0, "port that is advertised as the endpoint")
	run.Flagz = flagz.NamedFlagSetsReader{FlagSets: flags}
	for _, set := range flags.FlagSets {
		own.AddFlagSet(set)
	}

	must(own.Parse(args))
	must(run.GenericServerRunOptions.ComponentGlobalsRegistry.Set())
	completed, err := run.Complete(ctx)
	must(err)
	for _, err := range completed.Validate() {
		must(err)
	}

	config, err := app.NewConfig(completed)
	must(err)
	completedConfig, err := config.Complete()
	must(err)
	chain, err := app.CreateServerChain(completedConfig)
	must(err)
	prepared, err := chain.PrepareRun()
	must(err)

	loopback := chain.GenericAPIServer.LoopbackClientConfig
	client, err := kubernetes.NewForConfig(loopback)
	must(err)
	front := &supervisor{
		apiserver: chain.GenericAPIServer.Handler,
		tunnel:    newTunnel(client),
		clients:   authorities(run.Authentication.ClientCert.ClientCA),
	}
	certificate := run.SecureServing.ServerCert.CertKey
	serve(address, front, keyPair(certificate.CertFile, certificate.KeyFile))
	must(prepared.Run(ctx))
}

type supervisor struct {
	apiserver http.Handler
	tunnel    *tunnel
	clients   *x509.CertPool
}

func (s *supervisor) ServeHTTP(response http.ResponseWriter, request *http.Request) {
	switch {
	case request.Method == http.MethodConnect && slices.Contains(s.groupsOf(request), "system:masters"):
		s.tunnel.connect(response, request)
	case strings.HasSuffix(request.URL.Path, "/connect") && slices.Contains(s.groupsOf(request), "system:nodes"):
		s.tunnel.sessions.ServeHTTP(response, request)
	default:
		s.apiserver.ServeHTTP(response, request)
	}
}

func (s *supervisor) groupsOf(request *http.Request) []string {
	for _, certificate := range request.TLS.PeerCertificates[:min(1, len(request.TLS.PeerCertificates))] {
		usages := []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
		if _, err := certificate.Verify(x509.VerifyOptions{Roots: s.clients, KeyUsages: usages}); err == nil {
			return certificate.Subject.Organization
		}
	}

	return nil
}

// serve listens at the address and at the same port of loopback, where the apiserver's egress configuration has it.
func serve(address string, handler http.Handler, certificate tls.Certificate) {
	_, port, err := net.SplitHostPort(address)
	must(err)
	for _, own := range []string{address, net.JoinHostPort("127.0.0.1", port)} {
		server := &http.Server{
			Addr:    own,
			Handler: handler,
			TLSConfig: &tls.Config{
				Certificates: []tls.Certificate{certificate},
				ClientAuth:   tls.RequestClientCert,
				MinVersion:   tls.VersionTLS12,
				// Neither a CONNECT nor an upgrade can take over an HTTP/2 connection.
				NextProtos: []string{"http/1.1"},
			},
		}
		go func() { must(server.ListenAndServeTLS("", "")) }()
	}
}

func nodeOf(request *http.Request) (node string, authenticated bool, err error) {
	node, authenticated = strings.CutPrefix(request.TLS.PeerCertificates[0].Subject.CommonName, "system:node:")
	return node, authenticated, nil
}

func newTunnel(client kubernetes.Interface) *tunnel {
	return &tunnel{client: client, sessions: remotedialer.New(nodeOf, remotedialer.DefaultErrorWriter)}
}

func must(err error) {
	if err != nil {
		klog.ErrorS(err, "supervisor ends")
		os.Exit(1)
	}
}
