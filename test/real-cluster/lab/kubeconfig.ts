/** Kubeconfig files of the lab, one per user and apiserver. */
import {randomUUID} from 'node:crypto';
import {mkdir, readFile, rename, writeFile} from 'node:fs/promises';
import {join} from 'node:path';
import {authority, signed, type Authority, type Subject} from './certificates.ts';
import type {Lab} from './lab.ts';

/** Their permissions are in users.ts. */
export const users = {
	admin: {commonName: 'admin', groups: ['system:masters']},
	monitor: {commonName: 'monitor', groups: ['system:monitoring']},
	plain: {commonName: 'plain'},
} satisfies Record<string, Subject>;

export type UserName = keyof typeof users;

/** In the form that kubectl writes; returns the path. */
export async function writeKubeconfig(
	lab: Lab,
	{
		name,
		server,
		subject,
		certificate = subject.commonName.replaceAll(':', '-'),
		by = 'cluster',
		namespace = 'default',
		caFile,
		token,
	}: {
		name: string;
		server: string;
		subject: Subject;
		/** File name. */
		certificate?: string;
		/** Of the client certificate. */
		by?: Authority;
		namespace?: string;
		/** The server's CA; default: the cluster's. */
		caFile?: string;
		/** Instead of a certificate. */
		token?: string;
	},
): Promise<string> {
	const ca = caFile ?? (await authority(lab, 'cluster')).cert;
	const encode = async (file: string) => (await readFile(file)).toString('base64');
	const client = token === undefined ? await signed(lab, `client-${certificate}`, by, subject) : undefined;
	const credential = client
		? `client-certificate-data: ${await encode(client.cert)}\n    client-key-data: ${await encode(client.key)}`
		: `token: ${token}`;
	const folder = join(lab.folder, 'kubeconfigs');
	await mkdir(folder, {recursive: true, mode: 0o700});
	const path = join(folder, `${name}.yaml`);
	// Concurrent readers get the previous file, never a part.
	const fresh = `${path}.${randomUUID()}`;
	await writeFile(
		fresh,
		`apiVersion: v1
kind: Config
current-context: ${name}
contexts:
- context:
    cluster: ${name}
    namespace: ${namespace}
    user: ${name}
  name: ${name}
clusters:
- cluster:
    certificate-authority-data: ${await encode(ca)}
    server: ${server}
  name: ${name}
users:
- name: ${name}
  user:
    ${credential}
`,
		{mode: 0o600},
	);
	await rename(fresh, path);
	return path;
}
