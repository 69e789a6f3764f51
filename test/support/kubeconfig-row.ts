/** Kubeconfigs that kubectl and spoke must read alike. */
import {kubeconfigText} from './kubeconfig-text.ts';
import type {RecordingServers, Seen} from './recording-servers.ts';

export type Ground = RecordingServers & {
	folder: string;
	url: string;
	at(server: Seen['at'], host?: string): string;
	caData: string;
};

export type KubeconfigRow = {
	name: string;
	/** Path → content. The kubeconfig is `config` unless `environment` or `flags` name another. */
	files: (ground: Ground) => Readonly<Record<string, string | Buffer>>;
	environment?: (ground: Ground) => Readonly<Record<string, string>>;
	flags?: (ground: Ground) => readonly string[];
	/** Both refuse with this text. */
	says?: RegExp;
	refused?: true;
	differs?: {why: string; says: RegExp};
};

export type Parts = {server?: string; cluster?: string; user?: string; context?: string; more?: string};

/** One context; `cluster` and `user` are lines of those entries. */
export function config(
	ground: Ground,
	{server, cluster = `certificate-authority-data: ${ground.caData}`, user = 'token: secret-token', context = '', more = ''}: Parts = {},
): string {
	return `apiVersion: v1
kind: Config
current-context: main
contexts:
- name: main
  context:
    cluster: here
    user: ada
${indented(context, 4)}clusters:
- name: here
  cluster:
    server: ${server ?? ground.url}
${indented(cluster, 4)}users:
- name: ada
  user:
${indented(user, 4)}${more}`;
}

function indented(lines: string, by: number): string {
	return lines === ''
		? ''
		: `${lines
				.split('\n')
				.map(line => ' '.repeat(by) + line)
				.join('\n')}\n`;
}

export function base64(text: string): string {
	return Buffer.from(text).toString('base64');
}

export const simple = (
	name: string,
	parts: (ground: Ground) => Parts,
	rest: Omit<KubeconfigRow, 'name' | 'files'> & {files?: KubeconfigRow['files']} = {},
): KubeconfigRow => ({
	name,
	...rest,
	files: ground => ({config: config(ground, parts(ground)), ...rest.files?.(ground)}),
});

/** Prints the output of `then` and records its input. */
export function plugin(then: string): string {
	return `#!/bin/sh\nprintf '%s' "$KUBERNETES_EXEC_INFO" > "$(dirname "$0")/exec-info"\n${then}\n`;
}

export const tokenOf = (version: string, token = 'from-plugin') =>
	`echo '{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/${version}","status":{"token":"${token}"}}'`;

export function execUser(more: string, {version = 'v1', command = './plugin', mode = 'Never'} = {}): string {
	return `exec:\n  apiVersion: client.authentication.k8s.io/${version}\n  command: ${command}\n${mode === '' ? '' : `  interactiveMode: ${mode}\n`}${indented(more, 2)}`.trimEnd();
}

export const firstRows: readonly KubeconfigRow[] = [
	// Trust and names.
	simple('a token and CA data', () => ({})),
	simple('a CA file beside the kubeconfig, by a relative path', () => ({cluster: 'certificate-authority: pki/ca.crt'}), {
		files: ({ca}) => ({'pki/ca.crt': ca.certificate}),
	}),
	simple(
		'CA data and a CA file together are refused',
		({caData}) => ({cluster: `certificate-authority: ca.crt\ncertificate-authority-data: ${caData}`}),
		{
			files: ({ca}) => ({'ca.crt': ca.certificate}),
			says: /certificate-authority-data and certificate-authority are both specified for here/,
		},
	),
	simple('a CA file that is missing', () => ({cluster: 'certificate-authority: nowhere.crt'}), {
		says: /unable to read certificate-authority .*nowhere\.crt for here due to open .*no such file or directory/,
	}),
	simple('a CA that did not sign', ({otherCa}) => ({cluster: `certificate-authority-data: ${base64(otherCa.certificate)}`}), {
		says: /certificate signed by unknown authority/,
	}),
	simple('CA data that is no certificate', () => ({cluster: `certificate-authority-data: ${base64('nothing')}`}), {
		says: /unable to load root certificates: unable to parse bytes as PEM block/,
	}),
	simple('CA data that is not base64', () => ({cluster: 'certificate-authority-data: "???"'}), {says: /base64/}),
	simple('no CA: the system’s roots', () => ({cluster: ''}), {says: /certificate signed by unknown authority/}),
	simple('insecure-skip-tls-verify', () => ({cluster: 'insecure-skip-tls-verify: true'})),
	simple(
		'insecure-skip-tls-verify with CA data is refused',
		({caData}) => ({cluster: `insecure-skip-tls-verify: true\ncertificate-authority-data: ${caData}`}),
		{says: /specifying a root certificates file with the insecure flag is not allowed/},
	),
	simple(
		'--insecure-skip-tls-verify drops the CA',
		({otherCa}) => ({cluster: `certificate-authority-data: ${base64(otherCa.certificate)}`}),
		{flags: () => ['--insecure-skip-tls-verify']},
	),
	simple('--certificate-authority drops insecure-skip-tls-verify', () => ({cluster: 'insecure-skip-tls-verify: true'}), {
		files: ({otherCa}) => ({'other.crt': otherCa.certificate}),
		flags: ({folder}) => [`--certificate-authority=${folder}/other.crt`],
		says: /certificate signed by unknown authority/,
	}),
	simple(
		'--certificate-authority in place of CA data',
		({otherCa}) => ({cluster: `certificate-authority-data: ${base64(otherCa.certificate)}`}),
		{files: ({ca}) => ({'right.crt': ca.certificate}), flags: ({folder}) => [`--certificate-authority=${folder}/right.crt`]},
	),
	simple('tls-server-name is asked for and checked', ({caData}) => ({
		cluster: `tls-server-name: api.example.test\ncertificate-authority-data: ${caData}`,
	})),
	simple(
		'tls-server-name that the certificate lacks',
		({caData}) => ({cluster: `tls-server-name: elsewhere.test\ncertificate-authority-data: ${caData}`}),
		{says: /certificate is valid for localhost, api\.example\.test, not elsewhere\.test/},
	),
	simple('--tls-server-name', () => ({}), {flags: () => ['--tls-server-name=api.example.test']}),
	simple(
		'--server clears the kubeconfig’s tls-server-name',
		({caData}) => ({server: 'https://127.0.0.1:1', cluster: `tls-server-name: elsewhere.test\ncertificate-authority-data: ${caData}`}),
		{flags: ({url}) => [`--server=${url}`]},
	),
	simple('a host name is sent as SNI', ground => ({server: ground.at('https', 'localhost')})),
	simple('an IPv6 address', ground => ({server: ground.at('https', '[::1]')})),
	simple('a server path stands before every path', ground => ({server: `${ground.url}/k8s/clusters/c-1`})),
	simple('a server path with a final slash', ground => ({server: `${ground.url}/gateway/`})),
	simple('a server URL with a query', ground => ({server: `${ground.url}/gateway?x=1`})),
	simple('a server URL with a name and password, and a token', ground => ({server: ground.url.replace('://', '://me:pw@')})),
	simple('a server URL of another scheme', () => ({server: 'ftp://127.0.0.1:1'}), {
		says: /unsupported protocol scheme|not an https:\/\/ or http:\/\/ URL/,
	}),
	simple('a server URL that is none', () => ({server: 'https://[::1'}), {says: /host must be a URL|not an https:\/\/ or http:\/\/ URL/}),
	// Plain HTTP.
	simple('http:// with a name and password in the URL', ground => ({server: ground.at('http').replace('://', '://me:pw@'), cluster: ''})),
	simple('http:// sends no token', ground => ({server: ground.at('http'), cluster: ''})),
	simple('http:// still impersonates', ground => ({server: ground.at('http'), cluster: '', user: 'token: secret-token\nas: eve'})),
	simple('http:// takes no notice of a client certificate', ground => ({
		server: ground.at('http'),
		cluster: '',
		user: `client-certificate-data: ${base64(ground.client.certificate)}\nclient-key-data: ${base64(ground.client.key)}`,
	})),
	simple('a server without a scheme is http', ground => ({server: `127.0.0.1:${ground.ports.http}`, cluster: ''})),
	// Client credentials.
	simple('a client certificate from data', ground => ({
		user: `client-certificate-data: ${base64(ground.client.certificate)}\nclient-key-data: ${base64(ground.client.key)}`,
	})),
	simple('a client certificate from files', () => ({user: 'client-certificate: ada.crt\nclient-key: ada.key'}), {
		files: ({client}) => ({'ada.crt': client.certificate, 'ada.key': client.key}),
	}),
	simple(
		'a client certificate from data and file together is refused',
		ground => ({
			user: `client-certificate: ada.crt\nclient-certificate-data: ${base64(ground.client.certificate)}\nclient-key-data: ${base64(ground.client.key)}`,
		}),
		{
			files: ({client}) => ({'ada.crt': client.certificate}),
			says: /client-cert-data and client-cert are both specified for ada\. client-cert-data will override/,
		},
	),
	simple('a client certificate without a key', ground => ({user: `client-certificate-data: ${base64(ground.client.certificate)}`}), {
		says: /client-key-data or client-key must be specified for ada to use the clientCert authentication method/,
	}),
	simple(
		'a key that belongs to another certificate',
		ground => ({user: `client-certificate-data: ${base64(ground.client.certificate)}\nclient-key-data: ${base64(ground.otherClient.key)}`}),
		{says: /tls: private key does not match public key/},
	),
	simple('a client certificate and a token together are both sent', ground => ({
		user: `token: secret-token\nclient-certificate-data: ${base64(ground.client.certificate)}\nclient-key-data: ${base64(ground.client.key)}`,
	})),
	simple(
		'--client-certificate and --client-key in place of data',
		ground => ({user: `client-certificate-data: ${base64(ground.client.certificate)}\nclient-key-data: ${base64(ground.client.key)}`}),
		{
			files: ({otherClient}) => ({'bob.crt': otherClient.certificate, 'bob.key': otherClient.key}),
			flags: ({folder}) => [`--client-certificate=${folder}/bob.crt`, `--client-key=${folder}/bob.key`],
		},
	),
	simple('tokenFile, by a relative path', () => ({user: 'tokenFile: my.token'}), {files: () => ({'my.token': 'from-file\n'})}),
	simple('tokenFile wins over token', () => ({user: 'token: secret-token\ntokenFile: my.token'}), {
		files: () => ({'my.token': 'from-file\n'}),
	}),
	simple('a tokenFile that is missing leaves the token', () => ({user: 'token: secret-token\ntokenFile: nowhere'})),
	simple('a tokenFile that is missing, and no token', () => ({user: 'tokenFile: nowhere'}), {says: /nowhere.*no such file or directory/}),
	simple('--token in place of the token', () => ({}), {flags: () => ['--token=by-flag']}),
	simple('--token with a tokenFile in the kubeconfig', () => ({user: 'tokenFile: my.token'}), {
		files: () => ({'my.token': 'from-file'}),
		flags: () => ['--token=by-flag'],
	}),
	simple('a name and a password', () => ({user: 'username: ada\npassword: "p:w"'})),
	simple('--username and --password', () => ({user: 'username: ada\npassword: old'}), {flags: () => ['--username=eve', '--password=new']}),
	simple('a token and a password together are refused', () => ({user: 'token: t\nusername: ada\npassword: pw'}), {
		says: /more than one authentication method found for ada; found \[token basicAuth\], only one is allowed/,
	}),
	simple('a tokenFile and a password together are refused', () => ({user: 'tokenFile: my.token\nusername: ada\npassword: pw'}), {
		files: () => ({'my.token': 'x'}),
		says: /username\/password or bearer token may be set, but not both/,
	}),
	// Impersonation.
	simple('impersonation with groups, uid and extra from the kubeconfig', () => ({
		user: 'token: secret-token\nas: eve\nas-uid: u-1\nas-groups: [dev, ops]\nas-user-extra:\n  scopes: [view, edit]\n  example.test/Team%: [blue]',
	})),
	simple('impersonation by flags', () => ({}), {
		flags: () => [
			'--as=eve',
			'--as-group=dev',
			'--as-group=ops,night',
			'--as-uid=u-2',
			'--as-user-extra=reason=on=call',
			'--as-user-extra=reason=again',
		],
	}),
	simple(
		'impersonation by flags over the kubeconfig’s',
		() => ({user: 'token: secret-token\nas: eve\nas-groups: [dev]\nas-user-extra:\n  scopes: [view]\n  team: [blue]'}),
		{flags: () => ['--as=mallory', '--as-user-extra=scopes=edit']},
	),
	simple('impersonation of a name beyond ASCII', () => ({user: 'token: secret-token\nas: "Ève"'})),
	simple('a group without a user is refused', () => ({}), {
		flags: () => ['--as-group=dev'],
		says: /requesting uid, groups or user-extra for ada without impersonating a user/,
	}),
	// Files and contexts.
	{
		name: 'of two files the first one’s entries and current context count',
		files: ground => ({
			first: config(ground, {user: 'token: first'}),
			second: config(ground, {user: 'token: second'}).replace('current-context: main', 'current-context: other'),
		}),
		environment: ({folder}) => ({KUBECONFIG: `${folder}/first:${folder}/second`}),
	},
	{
		name: 'a user from one file, its cluster from the other, relative paths each by its file',
		files: ground => ({
			'a/config':
				'apiVersion: v1\nkind: Config\ncurrent-context: main\ncontexts: [{name: main, context: {cluster: here, user: ada}}]\nusers: [{name: ada, user: {tokenFile: my.token}}]\n',
			'a/my.token': 'from-a',
			'b/config': `apiVersion: v1\nkind: Config\nclusters: [{name: here, cluster: {server: "${ground.url}", certificate-authority: ca.crt}}]\n`,
			'b/ca.crt': ground.ca.certificate,
		}),
		environment: ({folder}) => ({KUBECONFIG: `${folder}/a/config:${folder}/b/config`}),
	},
	{
		name: 'missing files and empty places of the list are passed over',
		files: ground => ({config: config(ground)}),
		environment: ({folder}) => ({KUBECONFIG: `${folder}/nowhere::${folder}/config:${folder}/config`}),
	},
	{
		name: 'a broken file of the list is an error',
		files: ground => ({config: config(ground), broken: 'a: [b'}),
		environment: ({folder}) => ({KUBECONFIG: `${folder}/config:${folder}/broken`}),
		says: /error loading config file ".*broken"/,
	},
	{
		name: '--kubeconfig wins over KUBECONFIG',
		files: ground => ({config: config(ground), other: config(ground, {user: 'token: other'})}),
		flags: ({folder}) => [`--kubeconfig=${folder}/other`],
	},
	{
		name: '--kubeconfig names a file that is missing',
		files: () => ({}),
		flags: ({folder}) => [`--kubeconfig=${folder}/nowhere`],
		says: /nowhere.*no such file or directory/,
	},
	{
		name: '--kubeconfig names a folder',
		files: () => ({'folder/x': ''}),
		flags: ({folder}) => [`--kubeconfig=${folder}/folder`],
		says: /is a directory/,
	},
	{
		name: '--context chooses another context',
		files: ground => ({
			config: config(ground, {more: '- name: bob\n  user: {token: of-bob}\n'}).replace(
				'clusters:',
				'- name: second\n  context: {cluster: here, user: bob}\nclusters:',
			),
		}),
		flags: () => ['--context=second'],
	},
	simple('--context that does not exist', () => ({}), {flags: () => ['--context=nowhere'], says: /context "nowhere" does not exist/}),
	simple('a current-context that does not exist', () => ({}), {
		files: ground => ({config: config(ground).replace('current-context: main', 'current-context: gone')}),
		says: /context.* "?gone"? does not exist|context was not found for specified context: gone/,
	}),
	simple('--user chooses another user', () => ({more: '- name: bob\n  user: {token: of-bob}\n'}), {flags: () => ['--user=bob']}),
	simple('--user that does not exist', () => ({}), {flags: () => ['--user=nobody'], says: /auth info "nobody" does not exist/}),
	simple('--cluster that does not exist', () => ({}), {flags: () => ['--cluster=nowhere'], says: /cluster "nowhere" does not exist/}),
	simple('--cluster with no context', () => ({}), {
		files: ground => ({config: config(ground).replace('current-context: main\n', '')}),
		flags: () => ['--cluster=here', '--token=by-flag'],
	}),
	// Without a server kubectl uses localhost:8080.
	simple('a context whose cluster is missing', () => ({}), {
		files: ground => ({config: config(ground).replace('cluster: here', 'cluster: gone')}),
		says: /^(The connection to the server localhost:8080 was refused|Error from server)|cluster "gone"/,
	}),
	simple('a context whose user is missing, with --token', () => ({}), {
		files: ground => ({config: config(ground).replace('user: ada', 'user: gone')}),
		flags: () => ['--token=by-flag'],
	}),
	simple('a context without a user, with --token', () => ({}), {
		files: ground => ({config: config(ground).replace('    user: ada\n', '')}),
		flags: () => ['--token=by-flag'],
	}),
	{
		name: 'a cluster without a server',
		files: ({caData}) => ({
			config: `apiVersion: v1\nkind: Config\ncurrent-context: main\ncontexts: [{name: main, context: {cluster: here, user: ada}}]\nclusters: [{name: here, cluster: {certificate-authority-data: ${caData}}}]\nusers: [{name: ada, user: {token: x}}]\n`,
		}),
		says: /^(The connection to the server localhost:8080 was refused|Error from server)|no server found for cluster "here"/,
	},
	{
		name: '--server and --token without any kubeconfig',
		files: ({ca}) => ({'ca.crt': ca.certificate}),
		flags: ({url, folder}) => [`--server=${url}`, '--token=by-flag', `--certificate-authority=${folder}/ca.crt`],
	},
	{name: 'the old variable KUBERNETES_MASTER', files: () => ({}), environment: ground => ({KUBERNETES_MASTER: ground.at('http')})},
	// YAML.
	{
		name: 'JSON',
		files: ({url, caData}) => ({
			config: kubeconfigText({server: url, cluster: {'certificate-authority-data': caData}, user: {token: 'json'}}),
		}),
	},
	simple('anchors and merge keys', () => ({user: 'token: secret-token', more: 'extra: &x {a: b}\nother:\n  <<: *x\n'})),
	{
		name: 'a merge key brings the token',
		files: ground => ({config: `login: &login {token: merged, username: ignored}\n${config(ground, {user: '<<: *login\nusername: ""'})}`}),
	},
	simple('unknown fields are passed over', () => ({user: 'token: secret-token\nwhat-is-this: 1'})),
	simple('a number where a string belongs', () => ({user: 'token: 12345'}), {says: /string/}),
	simple('yes where a string belongs', () => ({user: 'token: yes'}), {says: /string/}),
	simple('a quoted number is a string', () => ({user: 'token: "12345"'})),
	{
		name: 'two clusters of one name',
		files: ground => ({config: config(ground).replace('users:', `- name: here\n  cluster: {server: "${ground.url}"}\nusers:`)}),
		says: /duplicate name "here"/,
	},
	simple('another apiVersion', () => ({}), {
		files: ground => ({config: config(ground).replace('apiVersion: v1', 'apiVersion: v9')}),
		says: /v9/,
	}),
	simple('no apiVersion and no kind', () => ({}), {
		files: ground => ({config: config(ground).replace('apiVersion: v1\nkind: Config\n', '')}),
	}),
	{
		name: 'a list instead of a map',
		files: () => ({config: '- a\n- b\n'}),
		says: /a map is needed|cannot unmarshal array|cannot get|couldn't get version/,
	},
	{name: 'tabs', files: () => ({config: 'apiVersion: v1\n\tkind: Config\n'}), says: /error loading config file/},
	// Proxies.
	simple('proxy-url http', ({ports, caData}) => ({
		cluster: `proxy-url: http://127.0.0.1:${ports['http-proxy']}\ncertificate-authority-data: ${caData}`,
	})),
	simple('proxy-url with a name and password', ({ports, caData}) => ({
		cluster: `proxy-url: http://me:p%40ss@127.0.0.1:${ports['http-proxy']}\ncertificate-authority-data: ${caData}`,
	})),
	simple('proxy-url https: its certificate is judged with the cluster’s CA', ({ports, caData}) => ({
		cluster: `proxy-url: https://localhost:${ports['https-proxy']}\ncertificate-authority-data: ${caData}`,
	})),
	simple(
		'proxy-url https, signed by nobody we trust',
		({ports, otherCa}) => ({
			cluster: `proxy-url: https://localhost:${ports['https-proxy']}\ncertificate-authority-data: ${base64(otherCa.certificate)}`,
		}),
		{says: /certificate signed by unknown authority/},
	),
	simple('proxy-url https with tls-server-name', ({ports, caData}) => ({
		cluster: `proxy-url: https://localhost:${ports['https-proxy']}\ntls-server-name: api.example.test\ncertificate-authority-data: ${caData}`,
	})),
	simple('proxy-url socks5', ({ports, caData, at}) => ({
		server: at('https', 'api.example.test'),
		cluster: `proxy-url: socks5://127.0.0.1:${ports['socks5-proxy']}\ncertificate-authority-data: ${caData}`,
	})),
	simple('proxy-url socks5 with a name and password', ({ports, caData}) => ({
		cluster: `proxy-url: socks5://me:pw@127.0.0.1:${ports['socks5-proxy']}\ncertificate-authority-data: ${caData}`,
	})),
	simple('proxy-url of another kind', ({caData}) => ({cluster: `proxy-url: ftp://127.0.0.1:1\ncertificate-authority-data: ${caData}`}), {
		says: /unsupported scheme "ftp", must be http, https, or socks5/,
	}),
	simple('proxy-url with nobody there', ({caData}) => ({cluster: `proxy-url: http://127.0.0.1:1\ncertificate-authority-data: ${caData}`}), {
		says: /refused/,
	}),
	simple('proxy-url for a plain http:// server', ({ports, at}) => ({
		server: at('http', 'api.example.test'),
		cluster: `proxy-url: http://me:pw@127.0.0.1:${ports['http-proxy']}`,
	})),
	simple('HTTPS_PROXY for a name', ({at}) => ({server: at('https', 'api.example.test')}), {
		environment: ({ports}) => ({HTTPS_PROXY: `http://me:pw@127.0.0.1:${ports['http-proxy']}`}),
	}),
	simple('https_proxy without a scheme', ({at}) => ({server: at('https', 'api.example.test')}), {
		environment: ({ports}) => ({https_proxy: `127.0.0.1:${ports['http-proxy']}`}),
	}),
	simple('HTTPS_PROXY is not used for 127.0.0.1', () => ({}), {environment: () => ({HTTPS_PROXY: 'http://127.0.0.1:1'})}),
	simple('HTTPS_PROXY is not used for localhost', ({at}) => ({server: at('https', 'localhost')}), {
		environment: () => ({HTTPS_PROXY: 'http://127.0.0.1:1'}),
	}),
	simple('HTTPS_PROXY is socks5', ({at}) => ({server: at('https', 'api.example.test')}), {
		environment: ({ports}) => ({HTTPS_PROXY: `socks5://127.0.0.1:${ports['socks5-proxy']}`}),
	}),
	simple('HTTP_PROXY is not for https', () => ({}), {environment: ({ports}) => ({HTTP_PROXY: `http://127.0.0.1:${ports['http-proxy']}`})}),
	simple(
		'proxy-url wins over HTTPS_PROXY',
		({at, ports, caData}) => ({
			server: at('https', 'api.example.test'),
			cluster: `proxy-url: http://127.0.0.1:${ports['http-proxy']}\ncertificate-authority-data: ${caData}`,
		}),
		{environment: () => ({HTTPS_PROXY: 'http://127.0.0.1:1'})},
	),
	// Plugins.
	simple('a plugin of v1, by a path beside the kubeconfig', () => ({user: execUser('args: [a, b c]')}), {
		files: () => ({plugin: plugin(tokenOf('v1'))}),
	}),
	simple('a plugin of v1beta1 needs no interactiveMode', () => ({user: execUser('', {version: 'v1beta1', mode: ''})}), {
		files: () => ({plugin: plugin(tokenOf('v1beta1'))}),
	}),
	simple('a plugin of v1 without interactiveMode', () => ({user: execUser('', {mode: ''})}), {
		files: () => ({plugin: plugin(tokenOf('v1'))}),
		says: /interactiveMode must be specified for ada to use exec authentication plugin/,
	}),
	simple('a plugin with a wrong interactiveMode', () => ({user: execUser('', {mode: 'Sometimes'})}), {
		files: () => ({plugin: plugin(tokenOf('v1'))}),
		says: /invalid interactiveMode for ada: "Sometimes"/,
	}),
	simple('a plugin of v1alpha1', () => ({user: execUser('', {version: 'v1alpha1'})}), {
		files: () => ({plugin: plugin(tokenOf('v1alpha1'))}),
		says: /exec plugin: invalid apiVersion "client\.authentication\.k8s\.io\/v1alpha1"/,
	}),
	simple('a plugin must have a terminal and has none', () => ({user: execUser('', {mode: 'Always'})}), {
		files: () => ({plugin: plugin(tokenOf('v1'))}),
		says: /cannot support interactive mode: standard input is not a terminal/,
	}),
	simple(
		'a plugin is told of the cluster',
		({caData}) => ({
			cluster: `certificate-authority-data: ${caData}\ntls-server-name: api.example.test\ndisable-compression: true\nextensions:\n- name: client.authentication.k8s.io/exec\n  extension:\n    audience: "x"\n    n: 3\n    deep: {a: [1, true, null]}\n- name: other\n  extension: {y: z}`,
			user: execUser('provideClusterInfo: true'),
		}),
		{files: () => ({plugin: plugin(tokenOf('v1'))})},
	),
	simple(
		'a plugin is told of proxy, path and skipped checks',
		ground => ({
			server: `${ground.url}/gateway`,
			cluster: `insecure-skip-tls-verify: true\nproxy-url: http://me:pw@127.0.0.1:${ground.ports['http-proxy']}`,
			user: execUser('provideClusterInfo: true', {version: 'v1beta1'}),
		}),
		{files: () => ({plugin: plugin(tokenOf('v1beta1'))})},
	),
	simple('a plugin gets its variables', () => ({user: execUser('env:\n- name: MY_TOKEN\n  value: from-variable')}), {
		files: () => ({
			plugin: plugin(
				'echo "{\\"kind\\":\\"ExecCredential\\",\\"apiVersion\\":\\"client.authentication.k8s.io/v1\\",\\"status\\":{\\"token\\":\\"$MY_TOKEN\\"}}"',
			),
		}),
	}),
	simple('a plugin gives a certificate', () => ({user: execUser('')}), {
		files: ({client}) => ({
			plugin: plugin('cat "$(dirname "$0")/answer.json"'),
			'answer.json': JSON.stringify({
				kind: 'ExecCredential',
				apiVersion: 'client.authentication.k8s.io/v1',
				status: {clientCertificateData: client.certificate, clientKeyData: client.key},
			}),
		}),
	}),
	simple('a plugin gives a certificate without a key', () => ({user: execUser('')}), {
		files: ({client}) => ({
			plugin: plugin('cat "$(dirname "$0")/answer.json"'),
			'answer.json': JSON.stringify({
				kind: 'ExecCredential',
				apiVersion: 'client.authentication.k8s.io/v1',
				status: {clientCertificateData: client.certificate},
			}),
		}),
		says: /returned only certificate or key, not both/,
	}),
	simple('a plugin answers in YAML', () => ({user: execUser('')}), {
		files: () => ({
			plugin: plugin(String.raw`printf 'kind: ExecCredential\napiVersion: client.authentication.k8s.io/v1\nstatus:\n  token: from-yaml\n'`),
		}),
	}),
	simple('a plugin answers in another version', () => ({user: execUser('')}), {
		files: () => ({plugin: plugin(tokenOf('v1beta1'))}),
		says: /is configured to use API version client\.authentication\.k8s\.io\/v1, plugin returned version client\.authentication\.k8s\.io\/v1beta1/,
	}),
	simple('a plugin answers with nothing in it', () => ({user: execUser('')}), {
		files: () => ({plugin: plugin('echo \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1","status":{}}\'')}),
		says: /didn['’]t return a token or cert\/key pair/,
	}),
	simple('a plugin answers without a status', () => ({user: execUser('')}), {
		files: () => ({plugin: plugin('echo \'{"kind":"ExecCredential","apiVersion":"client.authentication.k8s.io/v1"}\'')}),
		says: /didn['’]t return a status field/,
	}),
	simple('a plugin prints junk', () => ({user: execUser('')}), {
		files: () => ({plugin: plugin('echo hello')}),
		says: /getting credentials: .*(decoding stdout|did not print an ExecCredential)/,
	}),
	simple('a plugin fails', () => ({user: execUser('')}), {
		files: () => ({plugin: plugin('echo no >&2; exit 3')}),
		says: /getting credentials: .*failed with exit code 3/,
	}),
	simple('a plugin that is not there', () => ({user: execUser('installHint: get it from the shop', {command: 'no-such-plugin'})}), {
		says: /executable (no-such-plugin )?not found|no-such-plugin.*executable not found/,
	}),
	simple('a plugin’s command is no shell line', () => ({user: execUser('', {command: '"sh -c \'exit 0\'"'})}), {
		says: /executable.*not found/,
	}),
	simple('a plugin is not run with --token', () => ({user: execUser('')}), {
		files: () => ({plugin: plugin('exit 9')}),
		flags: () => ['--token=by-flag'],
	}),
	simple(
		'a plugin is not run with a client certificate',
		ground => ({
			user: `${execUser('')}\nclient-certificate-data: ${base64(ground.client.certificate)}\nclient-key-data: ${base64(ground.client.key)}`,
		}),
		{files: () => ({plugin: plugin('exit 9')})},
	),
	simple('a plugin and an auth-provider together are refused', () => ({user: `${execUser('')}\nauth-provider: {name: oidc}`}), {
		files: () => ({plugin: plugin('exit 9')}),
		says: /authProvider cannot be provided in combination with an exec plugin for ada/,
	}),
	...(
		[
			['DenyAll', 'credentialPluginPolicy: DenyAll', /plugin ".*plugin" not allowed: policy set to "DenyAll"/],
			['AllowAll', 'credentialPluginPolicy: AllowAll', undefined],
			['an allowlist with its path', 'credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist:\n- command: FOLDER/plugin', undefined],
			['an allowlist by the older word', 'credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist:\n- name: FOLDER/plugin', undefined],
			[
				'an allowlist without it',
				'credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist:\n- command: plugin',
				/is not permitted by the credential plugin allowlist/,
			],
			['a list without a policy', 'credentialPluginAllowlist:\n- command: plugin', /misconfigured credential plugin allowlist/],
			['an empty allowlist', 'credentialPluginPolicy: Allowlist\ncredentialPluginAllowlist: []', /allowlist is (empty|unspecified)/],
			['a policy that is none', 'credentialPluginPolicy: Perhaps', /unknown plugin policy: "Perhaps"/],
		] as const
	).map(([title, policy, says]): KubeconfigRow =>
		simple(`kuberc: ${title}`, () => ({user: execUser('')}), {
			files: ({folder}) => ({
				plugin: plugin(tokenOf('v1')),
				'.kube/kuberc': `apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\n${policy.replace('FOLDER', folder)}\n`,
			}),
			...(says && {says}),
		}),
	),
	...(
		[
			['the policy of the first Preference that can be used', 'apiVersion: kubectl.config.k8s.io/v9\nkind: Preference'],
			['the policy after a document of comments', '# mine'],
		] as const
	).map(([title, first]): KubeconfigRow =>
		simple(`kuberc: ${title}`, () => ({user: execUser('')}), {
			files: () => ({
				plugin: plugin(tokenOf('v1')),
				'.kube/kuberc': `${first}\n---\napiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPluginPolicy: DenyAll\n`,
			}),
			says: /not allowed: policy set to "DenyAll"/,
		}),
	),
	simple('kuberc: no Preference that can be used', () => ({user: execUser('')}), {
		files: () => ({
			plugin: plugin(tokenOf('v1')),
			'.kube/kuberc': 'apiVersion: v1\nkind: Other\ncredentialPluginPolicy: DenyAll\n',
		}),
	}),
	simple('kuberc: switched off', () => ({user: execUser('')}), {
		files: () => ({
			plugin: plugin(tokenOf('v1')),
			'.kube/kuberc': 'apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPluginPolicy: DenyAll\n',
		}),
		environment: () => ({KUBECTL_KUBERC: 'false'}),
	}),
	simple('kuberc: by KUBERC', () => ({user: execUser('')}), {
		files: () => ({
			plugin: plugin(tokenOf('v1')),
			mine: 'apiVersion: kubectl.config.k8s.io/v1beta1\nkind: Preference\ncredentialPluginPolicy: DenyAll\n',
		}),
		environment: ({folder}) => ({KUBERC: `${folder}/mine`}),
		says: /not allowed: policy set to "DenyAll"/,
	}),
	// Former auth providers.
	simple('auth-provider gcp', () => ({user: 'auth-provider: {name: gcp}'}), {says: /The gcp auth plugin has been removed/}),
	simple('auth-provider azure', () => ({user: 'auth-provider: {name: azure}'}), {says: /The azure auth plugin has been removed/}),
	simple('auth-provider of an unknown name', () => ({user: 'auth-provider: {name: magic}'}), {
		says: /[Nn]o Auth Provider found for name "magic"/,
	}),
	simple('auth-provider oidc with a token that is valid', () => ({
		user: `auth-provider:\n  name: oidc\n  config:\n    idp-issuer-url: https://127.0.0.1:1\n    client-id: x\n    id-token: ${jwt(4_102_444_800)}`,
	})),
	// Other flags.
	simple('--request-timeout that is no duration', () => ({}), {flags: () => ['--request-timeout=soon'], says: /timeout/i}),
	simple('--request-timeout in seconds', () => ({}), {flags: () => ['--request-timeout=5']}),
	simple('an unreachable server', () => ({server: 'https://127.0.0.1:1'}), {says: /connection.* refused/}),
	simple('https:// to a plain HTTP port', ground => ({server: ground.at('http').replace('http:', 'https:')}), {
		says: /server gave HTTP response to HTTPS client/,
	}),
];

function jwt(expires: number): string {
	const part = (value: unknown) => Buffer.from(JSON.stringify(value)).toString('base64url');
	return `${part({alg: 'none'})}.${part({sub: 'ada', exp: expires})}.c2ln`;
}
