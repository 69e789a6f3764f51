/**
 * The tests that cover each fault F1–F26 and each bad input B1–B19, and what is not tested. `npm run test:faults` runs those without a
 * cluster.
 */

type Covered = readonly [file: string, title: string];

export type FaultRow = {
	row: string;
	/** The fault and the expected behavior. */
	title: string;
	/** A file below `test/`, and a part of a test title as written in the source. */
	tests: readonly Covered[];
	/** What is not tested, and what was tried manually. */
	open?: string;
};

export const faultRows: readonly FaultRow[] = [
	{
		row: 'F1',
		title: 'resets of a follow: no line lost or repeated',
		tests: [
			['streams/logs/resume.test.ts', 'a follow interrupted ('],
			['real-cluster/logs.cluster.ts', 'no line is lost or repeated over'],
		],
	},
	{
		row: 'F2',
		title: 'apiserver killed: follows resume, listeners stay, exec is not 0',
		tests: [
			['real-cluster/logs.cluster.ts', 'an apiserver restart loses no line'],
			['commands/port-forward/port-forward.test.ts', 'a lost tunnel is replaced, and ports stay bound while the apiserver is down'],
			['streams/remote-command/outcome.test.ts', 'a stream lost together with the apiserver is leg 1'],
		],
	},
	{
		row: 'F3',
		title: 'interruptions among lines with equal timestamps',
		tests: [
			['streams/logs/resume.test.ts', 'a follow interrupted again and again within one busy second emits every line once'],
			['streams/logs/duplicate-filter.test.ts', 'equal lines with one timestamp are counted, not merged'],
		],
	},
	{
		row: 'F4',
		title: 'an interruption together with a rotation: no unreported gap',
		tests: [
			['streams/logs/resume.test.ts', 'lines rotated away during an interruption are a gap'],
			['real-cluster/logs.cluster.ts', 'rotation with disconnects skips no available line and reports possible gaps'],
		],
	},
	{
		row: 'F5',
		title: 'container restarts, one during an interruption',
		tests: [
			['streams/logs/resume.test.ts', 'after a restart during an interruption'],
			['real-cluster/logs.cluster.ts', 'after each restart, the first line of the new instance follows the last of the old'],
		],
	},
	{
		row: 'F6',
		title: 'a pod that is replaced while its workload is followed',
		tests: [
			['streams/logs/follow-many.test.ts', 'new pods are followed from their first line'],
			['real-cluster/logs.cluster.ts', 'a new pod of a workload is followed within 2 s of Running, and the old log is complete'],
		],
	},
	{
		row: 'F7',
		title: 'a black hole during an idle follow is reported as a stall',
		tests: [
			['streams/logs/resume.test.ts', 'a connection that delivers no data is reported as stalled'],
			['real-cluster/logs.cluster.ts', 'a network blackout is reported within 30 s, and no line is lost'],
		],
	},
	{
		row: 'F8',
		title: 'middleboxes that drop idle flows: exec, attach and port-forward ping within their limits',
		tests: [
			['streams/remote-command/silence.test.ts', 'a middlebox that drops idle flows keeps a stream with shorter ping intervals'],
			['streams/remote-command/silence.test.ts', 'the ping interval is below the limits of common middleboxes'],
			['wire/spdy-session.test.ts', 'periodic PINGs of a client have odd ids'],
		],
		open: 'with times scaled down; `table` idles 75 s, with SPOKE_FAULTS_LONG=1 365 s, with a limit of 60 s; 15 minutes are not tested',
	},
	{
		row: 'F9',
		title: 'the kubelet’s fsnotify error inside the body is an error, never a line',
		tests: [['streams/logs/resume.test.ts', 'a failure that the kubelet writes into the body is a server message, not a line']],
	},
	{
		row: 'F10',
		title: '429 and 503 with Retry-After; at most 20 reconnects at once',
		tests: [
			['streams/logs/resume.test.ts', 'a retry waits as long as Retry-After says'],
			['streams/logs/follow-many.test.ts', '150 logs are followed at once and reconnect 20 at a time'],
			['cluster/connection.test.ts', 'waits for Retry-After of a 429 and a 503'],
		],
	},
	{
		row: 'F11',
		title: 'watch: 410, ERROR event, close, split JSON, bookmark',
		tests: [
			['cluster/list-and-watch.test.ts', 'a watch lists again after a 410 response, a 410 event and another error'],
			['cluster/list-and-watch.test.ts', 'a watch reports an interruption inside an event, and loses nothing'],
			['cluster/list-and-watch.test.ts', 'a watch resumes from the last version after a normal end'],
		],
	},
	{
		row: 'F12',
		title: 'a refused port fails its own connection only',
		tests: [
			['commands/port-forward/port-forward.test.ts', 'a refused port resets only its own connections, with the runtime’s message'],
			['real-cluster/port-forward.cluster.ts', 'a refused or reset port ends only its own connections, unlike in kubectl'],
		],
	},
	{
		row: 'F13',
		title: 'a client that aborts a download again and again',
		tests: [
			['streams/port-forward/forwarded-connection.test.ts', 'a client that closes during a download resets the stream'],
			['real-cluster/port-forward.cluster.ts', 'a client that aborts a hundred downloads leaves no connection open'],
		],
	},
	{
		row: 'F14',
		title: 'a reset in the pod is a reset here, never an end',
		tests: [['streams/port-forward/forwarded-connection.test.ts', 'a reset in the pod is a reset for the client']],
	},
	{
		row: 'F15',
		title: 'half-close both ways',
		tests: [
			['streams/port-forward/forwarded-connection.test.ts', 'a client that ends first still receives the response'],
			['streams/port-forward/forwarded-connection.test.ts', 'a pod that ends first still receives 20 MiB'],
		],
	},
	{
		row: 'F16',
		title: 'a pod that is deleted during a transfer: reset, moved or reported as gone',
		tests: [
			['commands/port-forward/port-forward.test.ts', 'a service forward moves to a Ready pod when its pod is gone, and keeps its port'],
			['commands/port-forward/port-forward.test.ts', 'the run exits 12 and resets its connections when the named pod is gone'],
		],
	},
	{
		row: 'F17',
		title: 'a recreated pod sandbox is reported, and redialed',
		tests: [['streams/port-forward/forwarded-connection.test.ts', 'messages of containerd and CRI-O name a pod sandbox that is gone']],
	},
	{
		row: 'F18',
		title: 'SIGSTOP for 10 minutes, a changed clock, a changed address',
		tests: [],
		open: 'not in the suite: `table` stops the program for a minute and looks at an open and a new connection; 10 minutes and a moved clock or address were not tried, because the clock of the machine is shared',
	},
	{
		row: 'F19',
		title: 'a busy or privileged port names port and family',
		tests: [
			['streams/port-forward/port-and-address.test.ts', 'the error for a port in use names its family, and nothing stays bound'],
			['streams/proxy-listener/listener.test.ts', 'the error for a port in use names its family'],
		],
	},
	{
		row: 'F20',
		title: 'INT, TERM, HUP: exit within 2 s with the right status and a restored terminal',
		tests: [
			['commands/port-forward/port-forward.test.ts', 'a signal closes twenty live connections within two seconds'],
			['commands/exec/exec.test.ts', 'ends a silent command promptly with status'],
			['terminal/borrowed-terminal.test.ts', 'settings and screen are restored after'],
		],
	},
	{
		row: 'F21',
		title: 'an interrupted or black-holed exec never exits 0',
		tests: [
			['streams/remote-command/silence.test.ts', 'a link that drops everything is lost within the silence timeout'],
			['streams/remote-command/outcome.test.ts', 'a reset is a lost stream, whatever was printed before'],
			['real-cluster/agents.cluster.ts', 'an exec whose agent dies exits 125 and reports leg 2'],
		],
	},
	{
		row: 'F22',
		title: 'a slow reader: complete and exit status 0, or not 0',
		tests: [
			['commands/exec/exec.test.ts', 'a slow reader gets all output and status 0, and a lost stream never exits 0'],
			['streams/remote-command/streams.test.ts', 'output received before an interruption can be read, however slowly'],
		],
	},
	{
		row: 'F23',
		title: 'large stdin keeps its hash, and a command that exits early causes no error',
		tests: [
			['streams/remote-command/streams.test.ts', '20 MB through stdin keep their hash'],
			['streams/remote-command/streams.test.ts', 'a command that exits before its input ends without an error'],
			['real-cluster/exec.cluster.ts', 'exec carries the same bytes through every route'],
		],
		open: '`head -c1` over a WebSocket to a 1.36.3 kubelet: the kubelet never sends the status (kubectl hangs too); ended after 450 s with a remedy; no error over SPDY',
	},
	{
		row: 'F24',
		title: 'exit statuses are passed on, and causes are distinguished',
		tests: [
			['commands/exec/exec.test.ts', 'exec exits with remote status'],
			['commands/exec/exec.test.ts', 'prints one line with the cause and exits 125'],
			['real-cluster/exec.cluster.ts', 'exec exits with the remote status, and 125 for failures of spoke'],
		],
	},
	{
		row: 'F25',
		title: 'the last of a thousand sizes arrives',
		tests: [['streams/remote-command/streams.test.ts', 'the last of a thousand sizes arrives']],
	},
	{
		row: 'F26',
		title: 'exec and attach work after 6 idle minutes',
		tests: [['streams/remote-command/silence.test.ts', 'a middlebox that drops idle flows keeps a stream with shorter ping intervals']],
		open: 'with times scaled down; `table` idles 75 s, with SPOKE_FAULTS_LONG=1 365 s',
	},
	{
		row: 'B1',
		title: 'escape sequences of every kind, split at every byte, in cluster text',
		tests: [
			['text/sanitize.test.ts', 'no hostile text moves a terminal or hides the next line'],
			['text/sanitize.test.ts', 'the hostile texts move a terminal when they are not sanitized'],
		],
	},
	{
		row: 'B2',
		title: 'bidi, zero-width and BOM are visible',
		tests: [['text/sanitize.test.ts', 'names bidi and zero-width marks']],
		open: 'look-alike letters are not marked',
	},
	{
		row: 'B3',
		title: 'terminal and pipe; modes reset after exec -t',
		tests: [
			['commands/logs/logs.test.ts', 'control characters are escaped on a terminal and unchanged in a pipe'],
			['terminal/borrowed-terminal.test.ts', 'settings and screen are restored after'],
		],
	},
	{
		row: 'B4',
		title: 'all 256 bytes, invalid and truncated UTF-8',
		tests: [
			['text/sanitize.test.ts', 'invalid UTF-8 becomes U+FFFD, and characters survive any split'],
			['streams/remote-command/streams.test.ts', 'all 256 byte values return unchanged on separate outputs'],
		],
	},
	{
		row: 'B5',
		title: 'every split of characters gives the same screen',
		tests: [['text/sanitize.test.ts', 'the output does not depend on where the bytes are split']],
	},
	{
		row: 'B6',
		title: 'lines of any length, CRLF, no final line feed',
		tests: [
			['streams/logs/line-blocks.test.ts', 'a long line arrives in one block, byte for byte'],
			['streams/logs/line-blocks.test.ts', 'a line longer than the maximum is an error'],
		],
	},
	{
		row: 'B7',
		title: 'mixed P and F records: no text lost, no false timestamp',
		tests: [
			['streams/logs/log-lines.test.ts', 'eachLine returns every byte of a block'],
			['streams/logs/duplicate-filter.test.ts', 'the rest of an earlier line is a duplicate'],
		],
	},
	{
		row: 'B8',
		title: 'unusual and decreasing timestamps',
		tests: [
			['streams/logs/resume.test.ts', 'a clock that goes back loses no line'],
			['streams/logs/log-lines.test.ts', 'a timestamp is the same instant in every zone'],
		],
	},
	{
		row: 'B9',
		title: 'expensive regular expressions never block typing',
		tests: [['session/tail/tail-view.test.ts', 'an invalid regular expression is reported, and an endless one is stopped']],
	},
	{
		row: 'B10',
		title: 'boundary values of tail, since and limit-bytes as in kubectl',
		tests: [
			['commands/logs/log-request.test.ts', 'is rejected:'],
			['real-cluster/logs.cluster.ts', 'fails as in kubectl, with status'],
		],
	},
	{
		row: 'B11',
		title: 'SPDY frames beyond every limit',
		tests: [
			['wire/spdy-frame.test.ts', 'rejects '],
			['sandbox/spdy-server-session.test.ts', 'rejects '],
			['wire/spdy-session.test.ts', 'invalid frames end the session immediately'],
		],
	},
	{
		row: 'B12',
		title: 'invalid WebSocket frames and handshakes',
		tests: [
			['wire/websocket.test.ts', 'refused with '],
			['cluster/connection.test.ts', 'rejects an invalid upgrade response'],
			['streams/remote-command/outcome.test.ts', 'a text message or an unexpected channel is a protocol error'],
		],
		open: 'the Autobahn suite itself is not run',
	},
	{
		row: 'B13',
		title: 'exec status: missing, invalid, too long, repeated, followed by more',
		tests: [
			['streams/remote-command/outcome.test.ts', 'two Successes are not one'],
			['streams/remote-command/outcome.test.ts', 'a status of 5 MB is none'],
		],
	},
	{
		row: 'B14',
		title: 'redirects are not followed with credentials',
		tests: [
			['cluster/connection.test.ts', 'returns a redirect without following it'],
			['streams/proxy/proxy-request.test.ts', 'a redirect is an answer, not a way to go'],
			['streams/remote-command/carriers.test.ts', 'a redirect is not followed'],
		],
	},
	{
		row: 'B15',
		title: 'gzip bombs, endless responses, unusual JSON',
		tests: [
			['cluster/connection.test.ts', 'decompresses gzip bodies up to the size limit'],
			['cluster/connection.test.ts', 'reports truncated, oversized and non-JSON bodies with different errors'],
		],
	},
	{
		row: 'B16',
		title: 'kubeconfigs that are bombs, pipes, directories or cycles',
		tests: [
			['cluster/yaml.test.ts', 'rejects in one line'],
			['cluster/yaml.test.ts', 'rejects a directory, a pipe without a writer and a file of 100 MB'],
		],
	},
	{
		row: 'B17',
		title: 'plugins: never a shell, run only when needed',
		tests: [
			['cluster/exec-plugin.test.ts', 'passes arguments to the plugin without a shell'],
			['cluster/exec-plugin.test.ts', 'runs the plugin on the first request, and once for simultaneous requests'],
		],
	},
	{
		row: 'B18',
		title: 'the connection to the apiserver is the same as kubectl’s',
		tests: [
			['cluster/kubeconfigs.test.ts', 'as kubectl: '],
			['cluster/environment-proxy.test.ts', ' goes '],
		],
	},
	{
		row: 'B19',
		title: 'certificates accepted and refused as kubectl does',
		tests: [
			['cluster/certificates.test.ts', 'as kubectl: '],
			['cluster/connection.test.ts', 'socket facts describe this handshake, whatever the environment says'],
		],
	},
];

/** The files that need no cluster. */
export const faultFiles: readonly string[] = [
	...new Set(faultRows.flatMap(({tests}) => tests.map(([file]) => file)).filter(file => !file.startsWith('cluster/'))),
].sort();
