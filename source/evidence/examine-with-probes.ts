/** Examines an apiserver for `spoke path` and the audit. */
import type {ClusterClient} from '../cluster/cluster-client.ts';
import {toSpokeError} from '../errors/spoke-error.ts';
import {identifyExamined} from './build-observations.ts';
import {observeConnection} from './connection-observations.ts';
import type {ConnectionObservations} from './evidence.ts';
import {type ApiserverExamination, examineApiserver} from './examine-apiserver.ts';
import {advertisedAddress, isVerifiedApiserver} from './rules/replicas.ts';
import {type ProbeTarget, runActiveProbes} from './run-active-probes.ts';

/**
Passive probes ask only the apiserver. Active ones also examine its replicas, and the node of `target`, if there is one.
@throws SpokeError when no connection can be made
*/
export async function examineWithProbes(
	cluster: ClusterClient,
	{
		probe,
		signal,
		namespace,
		target,
		beforeMetrics,
	}: {
		probe: 'passive' | 'active';
		signal?: AbortSignal | undefined;
		namespace?: string | undefined;
		target: () => Promise<ProbeTarget | null>;
		beforeMetrics?: (() => Promise<void>) | undefined;
	},
): Promise<ApiserverExamination> {
	const passive = await examineApiserver(cluster, {namespace, beforeMetrics, ...(signal ? {signal} : {})});
	try {
		if (probe === 'passive') {
			return passive;
		}

		const wide = await probeReplicas(passive, cluster, signal);
		const found = await target();
		// Without a target, the probes that need one have nothing to reach.
		return found ? await runActiveProbes(wide, cluster, found) : {...wide, active: {...wide.active, probe}};
	} finally {
		passive.connection.close();
	}
}

/** Most clusters have three or five. */
const maxReplicas = 16;

const timeoutMs = 2000;

/**
Reads further apiservers at their own addresses, only by consent and always verified. Sends credentials only to a server whose certificate
is signed by the kubeconfig's CA and has the apiserver's own name. Dials none behind a gateway or a proxy, or if leg 1 is not verified.
*/
async function probeReplicas(examined: ApiserverExamination, cluster: ClusterClient, signal?: AbortSignal): Promise<ApiserverExamination> {
	const {own, others} = examined;
	const met = [own, ...others].flatMap(({flags}) => (flags ? [advertisedAddress(flags)] : []));
	const unmet = (examined.shared.replicas?.facts.addresses.known ?? []).filter(address => !met.includes(address));
	// If the flags of the first are forbidden, those of the others are, too.
	if (!own.flags || unmet.length === 0) {
		return examined;
	}

	const refused = refusalReason(examined, cluster);
	if (refused !== null) {
		return {...examined, unreachedAddresses: unmet.map(address => `${address}: not dialed, ${refused}`)};
	}

	const found = await Promise.all(unmet.slice(0, maxReplicas).map(async address => observeAt(cluster, address, signal)));
	const ids = new Set([own, ...others].map(({process}) => process?.facts.id));
	const newProcesses = found.filter(one => typeof one !== 'string').filter(({process}) => process === null || !ids.has(process.facts.id));
	return {...examined, others: [...others, ...newProcesses], unreachedAddresses: found.filter(one => typeof one === 'string')};
}

function refusalReason(examined: ApiserverExamination, cluster: ClusterClient): string | null {
	if (examined.connection.facts.proxy) {
		return 'your connection to the apiserver uses a proxy';
	}

	const serverIdentity = identifyExamined(cluster, examined, 'next-connection');
	// A server with the apiserver's certificate learns nothing new from credentials for it.
	return isVerifiedApiserver({serverIdentity, socket: examined.own.socket}) || serverIdentity.hasApiserverCertificate
		? null
		: 'it is not certain that an apiserver responds to you';
}

async function observeAt(
	cluster: ClusterClient,
	address: string,
	signal: AbortSignal | undefined,
): Promise<ConnectionObservations | string> {
	try {
		const connection = await cluster.connectAt(address, {timeoutMs, ...(signal ? {signal} : {})});
		try {
			const observations = await observeConnection(connection, {timeoutMs});
			return observations.flags ? {...observations, dialedAddress: address} : `${address}: its /flagz could not be read`;
		} finally {
			connection.close();
		}
	} catch (error) {
		return `${address}: ${toSpokeError(error).message}`;
	}
}
