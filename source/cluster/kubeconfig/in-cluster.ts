/** Where the apiserver is for a program that runs in a pod: client-go rest.InClusterConfig. */
import {existsSync, statSync} from 'node:fs';
import {readFile} from 'node:fs/promises';
import {join} from 'node:path';
import type {ConnectionFlags} from '../../command-line/connection-flags.ts';
import {joinHostPort} from '../transport/server-url.ts';
import type {SelectedEntries} from './select-entries.ts';
import {emptyCluster, emptyUser} from './kubeconfig-shape.ts';

/** Where the kubelet mounts a service account's token. */
export const serviceAccountDirectory = '/var/run/secrets/kubernetes.io/serviceaccount';

/** `null` outside of a pod. As in kubectl, only --server, --token, --certificate-authority and --namespace override here. */
export async function inClusterEntries(
	flags: ConnectionFlags,
	environment: NodeJS.ProcessEnv,
	folder: string,
): Promise<SelectedEntries | null> {
	const [host, port] = [environment['KUBERNETES_SERVICE_HOST'], environment['KUBERNETES_SERVICE_PORT']];
	const token = join(folder, 'token');
	if (!host || !port || !statSync(token, {throwIfNoEntry: false})?.isFile()) {
		return null;
	}

	const authority = join(folder, 'ca.crt');
	return {
		contextName: null,
		clusterName: 'in-cluster',
		userName: '',
		cluster: {
			...emptyCluster(),
			server: flags.server || `https://${joinHostPort(host, Number(port))}`,
			certificateAuthority: flags['certificate-authority'] || (existsSync(authority) ? authority : ''),
		},
		user: {...emptyUser(), token: flags.token ?? '', tokenFile: flags.token ? '' : token},
		namespace: flags.namespace || environment['POD_NAMESPACE'] || (await namespaceOf(folder)),
	};
}

async function namespaceOf(folder: string): Promise<string> {
	const text = await readFile(join(folder, 'namespace'), 'utf8').catch(() => '');
	return text.trim();
}
