// Prints a Pod, or other object that a Kubernetes client sends as protobuf on stdin, as JSON.
package main

import (
	"bytes"
	"encoding/json"
	"io"
	"log"
	"os"

	corev1 "k8s.io/api/core/v1"
	metav1 "k8s.io/apimachinery/pkg/apis/meta/v1"
	"k8s.io/apimachinery/pkg/runtime"
)

func main() {
	body, err := io.ReadAll(os.Stdin)
	if err != nil {
		log.Fatal(err)
	}
	var envelope runtime.Unknown
	if err := envelope.Unmarshal(bytes.TrimPrefix(body, []byte("k8s\x00"))); err != nil {
		log.Fatal(err)
	}
	var object any
	switch envelope.Kind {
	case "Pod":
		pod := &corev1.Pod{}
		err = pod.Unmarshal(envelope.Raw)
		pod.TypeMeta = metav1.TypeMeta{APIVersion: envelope.APIVersion, Kind: envelope.Kind}
		object = pod
	case "DeleteOptions":
		options := &metav1.DeleteOptions{}
		err = options.Unmarshal(envelope.Raw)
		options.TypeMeta = metav1.TypeMeta{APIVersion: envelope.APIVersion, Kind: envelope.Kind}
		object = options
	default:
		log.Fatalf("unexpected kind %q", envelope.Kind)
	}
	if err != nil {
		log.Fatal(err)
	}
	if err := json.NewEncoder(os.Stdout).Encode(object); err != nil {
		log.Fatal(err)
	}
}
