/** Types of a decoded kubeconfig. */

export type ClusterEntry = {
	server: string;
	tlsServerName: string;
	insecureSkipTlsVerify: boolean;
	certificateAuthority: string;
	/** PEM. */
	certificateAuthorityData: Buffer;
	proxyUrl: string;
	disableCompression: boolean;
	execExtension: unknown;
	sandbox: boolean;
};

export type UserEntry = {
	clientCertificate: string;
	clientCertificateData: Buffer;
	clientKey: string;
	clientKeyData: Buffer;
	token: string;
	tokenFile: string;
	impersonate: string;
	impersonateUid: string;
	impersonateGroups: readonly string[];
	impersonateUserExtra: ReadonlyMap<string, readonly string[]>;
	username: string;
	password: string;
	authProvider: AuthProviderEntry | null;
	exec: ExecEntry | null;
};

export type AuthProviderEntry = {name: string; config: ReadonlyMap<string, string>};

export type ExecEntry = {
	command: string;
	args: readonly string[];
	env: ReadonlyArray<{name: string; value: string}>;
	apiVersion: string;
	installHint: string;
	provideClusterInfo: boolean;
	interactiveMode: string;
};

export type ContextEntry = {cluster: string; user: string; namespace: string};

export type Kubeconfig = {
	clusters: Map<string, ClusterEntry>;
	users: Map<string, UserEntry>;
	contexts: Map<string, ContextEntry>;
	currentContext: string;
};

const noBytes = Buffer.alloc(0);

export function emptyKubeconfig(): Kubeconfig {
	return {clusters: new Map(), users: new Map(), contexts: new Map(), currentContext: ''};
}

export function emptyCluster(): ClusterEntry {
	return {
		server: '',
		tlsServerName: '',
		insecureSkipTlsVerify: false,
		certificateAuthority: '',
		certificateAuthorityData: noBytes,
		proxyUrl: '',
		disableCompression: false,
		execExtension: undefined,
		sandbox: false,
	};
}

export function emptyUser(): UserEntry {
	return {
		clientCertificate: '',
		clientCertificateData: noBytes,
		clientKey: '',
		clientKeyData: noBytes,
		token: '',
		tokenFile: '',
		impersonate: '',
		impersonateUid: '',
		impersonateGroups: [],
		impersonateUserExtra: new Map(),
		username: '',
		password: '',
		authProvider: null,
		exec: null,
	};
}

export function emptyContext(): ContextEntry {
	return {cluster: '', user: '', namespace: ''};
}
