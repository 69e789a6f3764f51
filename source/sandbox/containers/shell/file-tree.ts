/** Files of a container. */

/** Texts by path; directories are implied. */
export function filesOf(env: Readonly<Record<string, string>>): Record<string, string> {
	const host = env['HOSTNAME'] ?? 'sandbox';
	return {
		'/bin/sh': '',
		'/etc/hostname': `${host}\n`,
		'/etc/hosts': '127.0.0.1\tlocalhost\n::1\tlocalhost\n',
		'/etc/os-release': 'NAME="spoke sandbox"\nID=spoke-sandbox\nPRETTY_NAME="a container of the spoke sandbox"\n',
		'/etc/app/config.yaml': 'listen: 8080\nlogLevel: info\nupstream: http://api:8080\n',
		'/app/README': 'This container exists only inside the sandbox: nothing here is a real cluster.\n',
		'/app/server': '',
		'/proc/1/comm': 'app\n',
		'/root/.profile': '',
		'/var/run/secrets/kubernetes.io/serviceaccount/namespace': `${env['POD_NAMESPACE'] ?? 'default'}\n`,
		'/var/run/secrets/kubernetes.io/serviceaccount/ca.crt': '(the sandbox projects no certificate)\n',
		'/tmp/.keep': '',
	};
}

export function resolvePath(cwd: string, path: string): string {
	const parts: string[] = [];
	for (const part of (path.startsWith('/') ? path : `${cwd}/${path}`).split('/')) {
		if (part === '..') {
			parts.pop();
		} else if (part !== '' && part !== '.') {
			parts.push(part);
		}
	}

	return `/${parts.join('/')}`;
}

/** Sorted; `undefined` if it does not exist. */
export function entriesOf(files: Readonly<Record<string, string>>, directory: string): string[] | undefined {
	const prefix = directory === '/' ? '/' : `${directory}/`;
	const names = new Set(
		Object.keys(files)
			.filter(path => path.startsWith(prefix))
			.map(path => path.slice(prefix.length).split('/', 1)[0]!),
	);
	return names.size === 0 ? undefined : [...names].sort();
}
