package main

import (
	"net/http"
	"time"

	"k8s.io/streaming/pkg/httpstream"
	"k8s.io/streaming/pkg/httpstream/spdy"
)

// rawScript gets the streams of an exec by their type and ends it in a way that no well-behaved runtime would.
type rawScript func(connection httpstream.Connection, streams map[string]httpstream.Stream)

const success = `{"metadata":{},"status":"Success"}`

var rawScripts = map[string]rawScript{
	// Output, then the end of every stream without a word on the status stream.
	"status-absent": func(c httpstream.Connection, s map[string]httpstream.Stream) {
		say(s, "stdout", "half\n")
		_ = s["error"].Close()
		_ = s["stdout"].Close()
	},
	// Half of a Status.
	"status-truncated": func(c httpstream.Connection, s map[string]httpstream.Stream) {
		say(s, "stdout", "half\n")
		say(s, "error", success[:12])
		_ = s["error"].Close()
	},
	// Two that contradict each other.
	"status-twice": func(c httpstream.Connection, s map[string]httpstream.Stream) {
		say(s, "error", success)
		say(s, "error", `{"metadata":{},"status":"Failure","reason":"NonZeroExitCode","details":{"causes":[{"reason":"ExitCode","message":"3"}]}}`)
		_ = s["error"].Close()
	},
	// Five megabytes where a Status should be.
	"status-huge": func(c httpstream.Connection, s map[string]httpstream.Stream) {
		block := make([]byte, 64<<10)
		for i := range block {
			block[i] = 'x'
		}
		for i := 0; i < 80; i++ {
			say(s, "error", string(block))
		}
		_ = s["error"].Close()
	},
	// Success, and then more output that belongs before it.
	"output-after-status": func(c httpstream.Connection, s map[string]httpstream.Stream) {
		say(s, "stdout", "before\n")
		say(s, "error", success)
		time.Sleep(100 * time.Millisecond)
		say(s, "stdout", "after\n")
		_ = s["error"].Close()
	},
	// The stream of output is reset in the middle.
	"reset": func(c httpstream.Connection, s map[string]httpstream.Stream) {
		say(s, "stdout", "half\n")
		time.Sleep(50 * time.Millisecond)
		_ = s["stdout"].Reset()
	},
	// The connection goes without a word, as when a tunnel is lost.
	"cut": func(c httpstream.Connection, s map[string]httpstream.Stream) {
		say(s, "stdout", "half\n")
		time.Sleep(50 * time.Millisecond)
		_ = c.Close()
	},
}

func say(streams map[string]httpstream.Stream, name, text string) {
	if stream := streams[name]; stream != nil {
		_, _ = stream.Write([]byte(text))
	}
}

// serveRaw upgrades, waits for the streams that the request announces, and hands them to the script.
func serveRaw(w http.ResponseWriter, r *http.Request, script rawScript) {
	if _, err := httpstream.Handshake(r, w, []string{"v5.channel.k8s.io", "v4.channel.k8s.io"}); err != nil {
		return
	}
	received := make(chan httpstream.Stream, 8)
	connection := spdy.NewResponseUpgrader().UpgradeResponse(w, r, func(stream httpstream.Stream, _ <-chan struct{}) error {
		received <- stream
		return nil
	})
	if connection == nil {
		return
	}
	defer connection.Close()

	query := r.URL.Query()
	expected := 1
	for _, name := range []string{"input", "output", "error"} {
		if query.Get(name) == "1" && !(name == "error" && query.Get("tty") == "1") {
			expected++
		}
	}
	streams := map[string]httpstream.Stream{}
	deadline := time.After(creationTimeout)
	for len(streams) < expected {
		select {
		case stream := <-received:
			streams[stream.Headers().Get("streamType")] = stream
		case <-deadline:
			return
		}
	}
	script(connection, streams)
	time.Sleep(200 * time.Millisecond)
}
