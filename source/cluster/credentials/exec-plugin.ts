/** Credentials of an exec plugin. */
import {clampTimerMs, rejectOnAbort} from '../../async/abortable.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import {parseSecondsOrDuration} from '../../command-line/parse-duration.ts';
import type {ExecEntry} from '../kubeconfig/kubeconfig-shape.ts';
import type {PlainValue} from '../kubeconfig/parse-yaml.ts';
import {parsePluginOutput} from '../kubeconfig/parse-document.ts';
import {type ClientCertificate, validateCertificatePair} from '../tls/client-certificate.ts';
import type {Credentials, ClientIdentity} from './credentials.ts';
import {headerValue} from './request-headers.ts';
import {AwaitedHandles, runPlugin, type PluginTimeouts} from './run-plugin.ts';
import type {CredentialContext} from './user-credentials.ts';

const versions: readonly string[] = ['client.authentication.k8s.io/v1', 'client.authentication.k8s.io/v1beta1'];

/** SPOKE_EXEC_TIMEOUT overrides both; 0 means no limit. */
const defaultTimeouts: PluginTimeouts = {nonInteractiveMs: 60_000, interactiveMs: 600_000};

type Issued = {identity: ClientIdentity; expires: number};

/**
@see https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins
@throws SpokeError ERR_KUBECONFIG_INVALID for an unknown API version
*/
export function execPlugin(exec: ExecEntry, context: CredentialContext, now: () => number = Date.now): Credentials {
	if (!versions.includes(exec.apiVersion)) {
		throw new SpokeError('ERR_KUBECONFIG_INVALID', `exec plugin: invalid apiVersion "${exec.apiVersion}"`, {
			remedy: `use ${versions.join(' or ')}`,
		});
	}

	const timeouts = pluginTimeouts(context.environment);
	let last: Issued | null = null;
	let running: Promise<Issued> | null = null;
	// Only a plugin that a caller waits for keeps the process alive.
	const awaitedHandles = new AwaitedHandles();
	const renew = async (): Promise<Issued> => {
		running ??= runPlugin(exec, context, {timeouts, isRenewal: last !== null, awaitedHandles})
			.then(async output => parseIssued(exec, output, last))
			.finally(() => {
				running = null;
			});
		last = await running;
		return last;
	};

	const renewUntilAborted = async (signal: AbortSignal | undefined) => awaitedHandles.during(async () => rejectOnAbort(renew, signal));

	return {
		kind: 'exec',
		async current(signal) {
			const issued = last && now() <= last.expires ? last : await renewUntilAborted(signal);
			return issued.identity;
		},
		async renewAfter401(identity, signal) {
			// Another request's 401 may have renewed it already.
			if (last?.identity !== identity) {
				return last !== null;
			}

			await renewUntilAborted(signal);
			return true;
		},
	};
}

function pluginTimeouts(environment: NodeJS.ProcessEnv): PluginTimeouts {
	const text = environment['SPOKE_EXEC_TIMEOUT'] ?? '';
	if (text === '') {
		return defaultTimeouts;
	}

	const ms = parseSecondsOrDuration(text);
	if (ms === undefined || ms < 0) {
		throw new SpokeError('ERR_USAGE', `SPOKE_EXEC_TIMEOUT=${text} is not a valid duration`, {
			remedy: 'use whole seconds, or a number with a unit: 90s, 5m',
		});
	}

	return {nonInteractiveMs: clampTimerMs(ms), interactiveMs: clampTimerMs(ms)};
}

/** As strict as client-go. Messages never repeat the output, because it contains secrets. */
async function parseIssued(exec: ExecEntry, output: string, previous: Issued | null): Promise<Issued> {
	const status = await statusOf(exec, output);
	const field = (name: string) => textField(exec, status, name);
	const [token, certificate, key] = [field('token'), field('clientCertificateData'), field('clientKeyData')];
	if (token === '' && certificate === '' && key === '') {
		throw pluginError(exec, 'didn’t return a token or cert/key pair');
	}

	if ((certificate === '') !== (key === '')) {
		throw pluginError(exec, 'returned only certificate or key, not both');
	}

	const expires = field('expirationTimestamp');
	const expiresAt = expires === '' ? Infinity : rfc3339.test(expires) ? Date.parse(expires) : NaN;
	if (Number.isNaN(expiresAt)) {
		throw pluginError(exec, 'returned an expirationTimestamp that is not an RFC 3339 time');
	}

	const pair = certificate === '' ? null : samePair(previous?.identity.certificate ?? null, Buffer.from(certificate), Buffer.from(key));
	return {
		identity: {authorization: token === '' ? null : headerValue('Authorization', `Bearer ${token}`), certificate: pair},
		expires: expiresAt,
	};
}

function samePair(previous: ClientCertificate | null, certificate: Buffer, key: Buffer): ClientCertificate {
	return previous?.certificate.equals(certificate) && previous.key.equals(key) ? previous : validateCertificatePair(certificate, key);
}

async function statusOf(exec: ExecEntry, output: string): Promise<ReadonlyMap<unknown, PlainValue>> {
	let credential: PlainValue;
	try {
		credential = await parsePluginOutput(output);
	} catch (error) {
		throw pluginError(exec, `did not print an ExecCredential: ${(error as Error).message}`);
	}

	if (!(credential instanceof Map) || credential.get('kind') !== 'ExecCredential') {
		throw pluginError(exec, 'did not print an ExecCredential');
	}

	const version: unknown = credential.get('apiVersion');
	if (version !== exec.apiVersion) {
		throw pluginError(
			exec,
			`is configured to use API version ${exec.apiVersion}, plugin returned version ${typeof version === 'string' ? version.slice(0, 100) : 'none'}`,
		);
	}

	const status = (credential as ReadonlyMap<unknown, PlainValue>).get('status');
	if (!(status instanceof Map)) {
		throw pluginError(exec, 'didn’t return a status field');
	}

	return status as ReadonlyMap<unknown, PlainValue>;
}

const rfc3339 = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(?:[.,]\d+)?(?:Z|[+-]\d\d:\d\d)$/;

function textField(exec: ExecEntry, status: ReadonlyMap<unknown, PlainValue>, name: string): string {
	const value = status.get(name) ?? '';
	if (typeof value !== 'string') {
		throw pluginError(exec, `returned a ${name} that is not a string`);
	}

	return value;
}

function pluginError(exec: ExecEntry, why: string): SpokeError {
	return new SpokeError('ERR_CREDENTIAL_PLUGIN', `getting credentials: exec plugin ${exec.command} ${why}`);
}
