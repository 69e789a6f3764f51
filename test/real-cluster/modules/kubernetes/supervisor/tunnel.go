package main

import (
	"context"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"

	"github.com/rancher/remotedialer"
	corev1 "k8s.io/api/core/v1"
	apierrors "k8s.io/apimachinery/pkg/api/errors"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime/schema"
	"k8s.io/apiserver/pkg/endpoints/handlers/responsewriters"
	"k8s.io/client-go/kubernetes"
	"k8s.io/client-go/kubernetes/scheme"
	"k8s.io/klog/v2"
)

// tunnel is the egress proxy of the apiserver, in k3s's default mode "agent": a node's kubelet is dialed through the session of its agent, and
// everything else directly.
// See k3s pkg/daemons/control/tunnel.go dialBackend.
type tunnel struct {
	client   kubernetes.Interface
	sessions *remotedialer.Server
}

func (t *tunnel) connect(response http.ResponseWriter, request *http.Request) {
	far, err := t.dial(request.Context(), request.Host)
	if err != nil {
		refuse(response, request, err)
		return
	}

	response.WriteHeader(http.StatusOK)
	near, buffered, err := response.(http.Hijacker).Hijack()
	if err != nil {
		far.Close()
		return
	}

	go func() {
		_, _ = io.Copy(far, buffered)
		far.Close()
	}()
	_, _ = io.Copy(near, far)
	near.Close()
}

// dial refuses only a kubelet whose node has no session. Any other failure of a session is followed by a direct dial, without a word.
func (t *tunnel) dial(ctx context.Context, address string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return nil, err
	}

	if node, isKubelet := t.kubeletAt(ctx, host, port); isKubelet {
		// The agent dials its own kubelet. A session answers before the agent has dialed.
		address = net.JoinHostPort("127.0.0.1", port)
		connection, err := t.sessions.Dialer(node)(ctx, "tcp", address)
		if err == nil || strings.HasPrefix(err.Error(), "failed to find Session for client") {
			return connection, err
		}
	}

	klog.Infof("dialing %s directly", address)
	return (&net.Dialer{}).DialContext(ctx, "tcp", address)
}

// kubeletAt also takes any name for that of a node, as k3s does.
func (t *tunnel) kubeletAt(ctx context.Context, host, port string) (node string, isKubelet bool) {
	if net.ParseIP(host) == nil {
		return host, true
	}

	nodes, err := t.client.CoreV1().Nodes().List(ctx, metav1.ListOptions{ResourceVersion: "0"})
	if err != nil {
		return "", false
	}

	for _, node := range nodes.Items {
		for _, address := range node.Status.Addresses {
			isIP := address.Type == corev1.NodeInternalIP || address.Type == corev1.NodeExternalIP
			if isIP && address.Address == host {
				return node.Name, port == strconv.Itoa(int(node.Status.DaemonEndpoints.KubeletEndpoint.Port))
			}
		}
	}

	return "", false
}

// refuse answers with a Status, as k3s pkg/util SendError does.
func refuse(response http.ResponseWriter, request *http.Request, err error) {
	status := &apierrors.StatusError{ErrStatus: metav1.Status{
		Status:  metav1.StatusFailure,
		Code:    http.StatusBadGateway,
		Reason:  metav1.StatusReasonInternalError,
		Message: err.Error(),
	}}
	responsewriters.ErrorNegotiated(status, scheme.Codecs.WithoutConversion(), schema.GroupVersion{}, response, request)
}
