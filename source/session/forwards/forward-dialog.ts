/** Dialogs that add and edit a forward. */
import {describeListenerUsers} from '../../report/descriptions/describe-proxy.ts';
import {sentenceOf} from '../../report/descriptions/parts.ts';
import {isLoopback} from '../../cluster/transport/server-url.ts';
import {parseListenAddresses} from '../../streams/port-forward/local-listener.ts';
import {parsePortSpec, type OnPodLoss} from '../../streams/port-forward/forward-request.ts';
import {parseTarget} from '../../cluster/targets/parse-target.ts';
import {quoteForShell} from '../../base/text/escaping.ts';
import type {ClusterTarget, Session} from '../frame/session.ts';
import type {FormField} from '../dialogs/dialog.ts';
import {scriptFlags} from '../clusters/open-clusters.ts';
import {subjectOf} from '../lists/selection.ts';
import {readForwardSets, addForwardToSet} from './forward-sets.ts';
import {forwardOf} from './reduce-forward.ts';
import {localEndOf, type ForwardConfig, changeForward, startForwardFrom} from './run-forward.ts';
import {freePort, isFree, readPortOptions, type PortOption} from './port-options.ts';

type FormValues = Readonly<Record<string, string>>;

export async function addForward(session: Session, {cluster, namespace, target}: ClusterTarget): Promise<void> {
	const {ports, canMove, allowedPorts, locals} = await session.typeAhead.during(
		{description: `reading the ports of ${target}`},
		async () => {
			const offered = await readPortOptions(cluster.access, target, namespace);
			return {
				...offered,
				locals: new Map(
					await Promise.all(offered.ports.map(async ({value, suggested}) => [value, String(await freePort(suggested))] as const)),
				),
			};
		},
	);
	const configOf = (values: FormValues) => configFrom(values, {cluster, namespace, target, port: specOf(values)});
	const first = ports[0];
	const sets = readForwardSets(session.env).filter(({problem}) => problem === null);
	const values = await session.fill({
		title: `Forward from ${subjectOf(session, {cluster, target})}`,
		submit: 'start',
		fields: [
			...portFields(ports),
			...localEndFields(locals.get(first?.value ?? '') ?? '', {address: 'localhost', host: null}),
			...(canMove ? [onPodLossField('move')] : []),
			...setFields(sets.map(({name}) => name)),
		],
		adjust: withLocalPort(locals, first?.value),
		notes: values => [
			...(canMove ? [] : ['The forward stops when the pod is gone. To move to another pod, forward to a service or workload.']),
			...scriptNotes(session, configOf(values)),
		],
		check: async values => problemOf(configOf(values), null, allowedPorts),
	});
	if (values !== null && (await confirmListen(session, values['address'] ?? ''))) {
		const config = configOf(values);
		if (values['set']) {
			await addForwardToSet(session, values['set'], config);
		}

		startForwardFrom(session, config);
	}
}

function withLocalPort(
	locals: ReadonlyMap<string, string>,
	first: string | undefined,
): (fields: readonly FormField[]) => readonly FormField[] {
	let chosen = first;
	return fields => {
		const port = fields.find(({name}) => name === 'port')?.value;
		const before = locals.get(chosen ?? '');
		const local = locals.get(port ?? '');
		if (port === chosen || local === undefined) {
			return fields;
		}

		chosen = port;
		return fields.map(field => (field.name === 'local' && field.value === before ? {...field, value: local} : field));
	};
}

export async function editForward(session: Session, id: string, config: ForwardConfig): Promise<void> {
	const state = forwardOf(session.store.state, id);
	const {remote} = parsePortSpec(config.port);
	const {ports, allowedPorts} = await session.typeAhead.during({description: `reading the ports of ${config.target}`}, async () =>
		readPortOptions(config.cluster.access, config.target, config.namespace).catch(() => ({ports: [], allowedPorts: null})),
	);
	const local = state?.local ?? parsePortSpec(config.port).local;
	const configOf = (values: FormValues) =>
		configFrom(values, {
			...config,
			target: values['target'] ?? '',
			port: `${values['local'] ?? ''}:${values['port'] ?? ''}`,
		});
	const values = await session.fill({
		title: `Change the forward of ${config.target}`,
		submit: 'change',
		fields: [
			{name: 'target', label: 'Target', value: config.target, required: 'a target'},
			{
				name: 'port',
				label: 'Port',
				value: remote,
				note: ports
					.map(({shown}) => shown)
					.slice(0, 3)
					.join(', '),
				untouched: true,
				required: 'a port',
			},
			...localEndFields(local === null ? '' : String(local), config),
			{...onPodLossField(config.onPodLoss), note: 'a named pod has no replacement'},
		],
		notes: values => scriptNotes(session, configOf(values)),
		check: async values => problemOf(configOf(values), local, values['target'] === config.target ? allowedPorts : null),
	});
	if (values !== null && (await confirmListen(session, values['address'] ?? ''))) {
		await changeForward(session, id, configOf(values));
	}
}

function configFrom(values: FormValues, base: Pick<ForwardConfig, 'cluster' | 'namespace' | 'target' | 'port'>): ForwardConfig {
	return {
		...base,
		address: values['address'] ?? '',
		host: values['host'] || null,
		onPodLoss: values['on-pod-loss'] === 'exit' ? 'exit' : 'move',
	};
}

function portFields(ports: readonly PortOption[]): FormField[] {
	const [first] = ports;
	if (first === undefined) {
		return [{name: 'other', label: 'Port', value: '', note: 'no declared ports: a number or name', required: 'a port'}];
	}

	const choices = ports.map(({value, shown, ready}) => ({value, shown: ready === '' ? shown : `${shown}   ${ready}`}));
	return [
		{
			name: 'port',
			label: 'Port',
			value: first.value,
			choices: [...choices, {value: 'other', shown: 'other …'}],
			typing: 'other',
		},
		{
			name: 'other',
			label: 'Other port',
			value: '',
			note: 'a number or name',
			when: {field: 'port', value: 'other'},
			required: 'a port',
		},
	];
}

function setFields(names: readonly string[]): FormField[] {
	return names.length === 0
		? []
		: [
				{
					name: 'set',
					label: 'Add to set',
					value: '',
					choices: [{value: '', shown: 'no'}, ...names.map(name => ({value: name, shown: name}))],
					note: 'never starts automatically',
				},
			];
}

function localEndFields(local: string, {address, host}: Pick<ForwardConfig, 'address' | 'host'>): FormField[] {
	return [
		{name: 'local', label: 'Local port', value: local, note: 'empty: any free port', untouched: true},
		{name: 'address', label: 'Listen on', value: address, untouched: true},
		{name: 'host', label: 'Host name', value: host ?? '', note: 'clients use it instead of localhost; empty: none'},
	];
}

function onPodLossField(value: OnPodLoss): FormField {
	return {
		name: 'on-pod-loss',
		label: 'On pod loss',
		value,
		choices: [
			{value: 'move', shown: 'move to a Ready pod'},
			{value: 'exit', shown: 'stop'},
		],
	};
}

function scriptNotes(session: Session, {target, namespace, port, address, onPodLoss, host, cluster}: ForwardConfig): readonly string[] {
	// No port is typed yet.
	const ports = port.endsWith(':') ? `${port}PORT` : port;
	const named = host ? ` --host ${quoteForShell(host)}` : '';
	const listens = address === 'localhost' ? named : ` --address ${quoteForShell(address)}${named}`;
	const loss = onPodLoss === 'move' ? '' : ` --on-pod-loss ${onPodLoss}`;
	return [
		'Equivalent command:',
		`  spoke port-forward -n ${quoteForShell(namespace)} ${quoteForShell(target)} ${quoteForShell(ports)}${listens}${loss}${scriptFlags(session, cluster)}`,
	];
}

/** `own`: the forward's present local port. `allowedPorts`: `null` if not limited. */
async function problemOf(
	{target, port, ...config}: ForwardConfig,
	own: number | null,
	allowedPorts: readonly string[] | null,
): Promise<string | null> {
	try {
		parseTarget(target);
		const {local, remote} = parsePortSpec(port);
		if (allowedPorts !== null && !allowedPorts.includes(remote)) {
			return `${target} has no port ${remote}; available: ${allowedPorts.join(', ') || 'none'}`;
		}

		const {addresses} = localEndOf(config);
		// One address of localhost is enough.
		const [{address} = {address: ''}] = addresses;
		return local !== null && local > 0 && local !== own && !(await isFree(local, address)) ? `port ${local} is in use` : null;
	} catch (error) {
		return (error as Error).message;
	}
}

async function confirmListen(session: Session, address: string): Promise<boolean> {
	const beyond = parseListenAddresses(address.split(',')).filter(one => !isLoopback(one.address));
	return (
		beyond.length === 0 ||
		session.ask(
			`Listen on ${address}?`,
			beyond.map(one => sentenceOf(describeListenerUsers({...one, port: 0}, {subject: 'this forward'}))),
		)
	);
}

function specOf(values: FormValues): string {
	// Without declared ports the form has no `port` field.
	const {port = 'other', other = ''} = values;
	const remote = port === 'other' ? other : port;
	return `${values['local'] ?? ''}:${remote}`;
}
