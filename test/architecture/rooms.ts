/** The rooms of source/: the question each answers, and which it may import. README's table is rendered from this. */

export type Room = {
	name: string;
	answers: string;
	/** Rooms, and for outer packages only those named in `packages`. */
	mayImport: readonly string[];
	packages?: readonly string[];
	/** Where it has many files: its folders, and what each answers. */
	folders?: Readonly<Record<string, string>>;
};

/** From the ground up: a room may import rooms that stand above it in this list, and of those only the ones it names. */
export const rooms: readonly Room[] = [
	{name: 'errors', answers: 'How is a failure told: code, leg, remedy, exit status?', mayImport: []},
	{name: 'version', answers: 'Which version is this?', mayImport: []},
	{name: 'failures', answers: 'Who spoke, and what do these words of an apiserver, tunnel, kubelet or runtime mean?', mayImport: ['errors']},
	{name: 'text', answers: 'What may cluster text do to a terminal or a shell, how wide is it, and which signs of ours can be shown?', mayImport: ['errors'], packages: ['string-width']},
	{name: 'command-line', answers: 'What did the user ask for?', mayImport: ['errors', 'text']},
	{name: 'wire', answers: 'How do bytes become frames, streams and channels? (no Kubernetes in it)', mayImport: ['errors'], packages: ['ws']},
	{name: 'cluster', answers: 'How is the apiserver reached, and as whom?', mayImport: ['errors', 'version', 'text', 'failures', 'command-line', 'wire'], packages: ['yaml'], folders: {
		credentials: 'As whom do we come, and what makes a credential anew?',
		kubeconfig: 'What do the kubeconfig, its files and the flags say?',
		tls: 'Who answers, and is it who it should be?',
		transport: 'How does a request go out on a socket, and its answer come back?',
	}},
	{name: 'targets', answers: 'Which pod, container and port does the user mean?', mayImport: ['errors', 'cluster', 'sessions']},
	{name: 'sessions', answers: 'What happens on a stream: logs, exec, forwards, proxy requests, as typed events?', mayImport: ['errors', 'failures', 'text', 'wire', 'cluster', 'targets', 'version'], folders: {
		forward: 'How are ports carried to a pod, and to the next one when it goes?',
		logs: 'How is a log followed through drops, restarts and rotation, and what may be missing?',
		proxy: 'What does one request through the apiserver’s proxy come to?',
		'proxy-listener': 'Who may ask what of a listener of ours, and how is it passed on?',
		'remote-command': 'How do exec and attach carry a command’s streams, and how does it end?',
	}},
	{name: 'posture', answers: 'How does a connection go, and how do we know?', mayImport: ['errors', 'failures', 'version', 'text', 'cluster', 'targets', 'sessions'], folders: {
		audit: 'Which row of the documented paths holds for this cluster?',
		doctor: 'At which leg does a connection stop, and why?',
		probes: 'What is read as evidence, and what of it is an answer?',
		rules: 'What follows from what was read, and how surely?',
	}},
	{name: 'output', answers: 'How does a one-shot print a result?', mayImport: ['errors', 'text', 'sessions', 'posture', 'targets']},
	{name: 'terminal', answers: 'Who owns the person’s terminal now, and how is it given back?', mayImport: ['errors', 'text'], packages: ['execa']},
	{name: 'actions', answers: 'What can a person do, and what does it touch?', mayImport: ['errors']},
	{name: 'keymap', answers: 'Which key means which action here?', mayImport: ['errors', 'command-line', 'actions'], packages: ['yaml']},
	{name: 'state', answers: 'What does the session know? (pure: reducers and selectors)', mayImport: ['errors', 'text', 'cluster', 'targets', 'sessions', 'posture', 'actions', 'keymap']},
	{name: 'ui', answers: 'How is it laid out on the screen?', mayImport: ['errors', 'version', 'text', 'actions', 'keymap', 'state', 'output', 'posture', 'sessions', 'terminal'], packages: ['ink', 'react', 'string-width']},
	{name: 'sandbox', answers: 'What would a small cluster do? (one process, real sockets)', mayImport: ['errors', 'version', 'wire'], packages: ['ws', 'ssh2', '@peculiar/x509', 'yaml', 'reflect-metadata'], folders: {
		apiserver: 'What does its apiserver answer, and to whom?',
		certificates: 'Who signs what?',
		containers: 'What runs in its containers?',
		controllers: 'What do its controllers make of workloads, services and cron jobs?',
		kubelet: 'How do its kubelets run pods, and answer logs, exec, attach and forwards?',
		network: 'Which address has what, and how is it cut, held up or joined?',
		objects: 'How are its objects kept, watched and shown as tables?',
		scenarios: 'What stands in it at the beginning?',
		tunnels: 'By which way does its apiserver reach nodes?',
	}},
	{name: 'commands', answers: 'What does each subcommand do?', mayImport: ['errors', 'version', 'failures', 'text', 'command-line', 'wire', 'cluster', 'targets', 'sessions', 'posture', 'output', 'terminal', 'actions', 'keymap', 'app', 'sandbox'], packages: ['yaml']},
	{name: 'app', answers: 'How is the session put together?', mayImport: ['errors', 'version', 'failures', 'text', 'command-line', 'cluster', 'targets', 'sessions', 'posture', 'output', 'terminal', 'actions', 'keymap', 'state', 'ui', 'sandbox'], packages: ['ink', 'react', 'execa', 'yaml'], folders: {
		clusters: 'Which clusters are open, do they answer, and what may the person do there?',
		feeds: 'What is read for the list on the screen, and for what stands beside it?',
		forwards: 'How are forwards asked for, run, and kept in sets?',
		'hand-over': 'How does a shell, a pager or a plugin get the terminal, and the screen come back?',
		handlers: 'What does each action do, where it has no folder of its own?',
		keys: 'How does a key become an action, or text of a dialog?',
		proxy: 'How is a proxy request sent and its answer read, and how is a local listener opened and stopped?',
		screen: 'When is the screen drawn, and from what?',
		tail: 'How are logs read into a tail, and what do its keys do?',
		texts: 'Which texts are read of an object, and how does a person go about in them?',
	}},
	{name: 'own-process', answers: 'Which name and which signals do other programs find?', mayImport: []},
	{name: 'cli', answers: 'Which command runs, and how does the process end?', mayImport: ['errors', 'version', 'text', 'command-line', 'commands', 'own-process']},
	{name: 'compiled-code', answers: 'Where does V8 keep what it compiled?', mayImport: []},
	{name: 'spoke', answers: 'Is this Node new enough?', mayImport: ['cli', 'compiled-code', 'own-process']},
];

/** Names that say nothing of what is inside. */
export const bannedNames = ['utils', 'util', 'helpers', 'helper', 'common', 'types', 'manager', 'misc', 'lib'];
