/** Shell, attach and debug containers: the far side gets the whole terminal, and gives it back. */
import type {Readable} from 'node:stream';
import {once} from 'node:events';
import {finished} from 'node:stream/promises';
import {SpokeError, asSpokeError} from '../../errors/spoke-error.ts';
import {openRemoteCommand, type RemoteCommand} from '../../sessions/remote-command/open-remote-command.ts';
import {worstPath} from '../../state/connections.ts';
import {showAge} from '../../state/table-rows.ts';
import {allContainers, chooseContainer} from '../../targets/choose-container.ts';
import {objectPath} from '../../targets/object-path.ts';
import {findResource} from '../../targets/resource-words.ts';
import type {PodObject} from '../../targets/pod-object.ts';
import {reachedPod, resolvePod} from '../../targets/resolve-pod.ts';
import {ScreenModes} from '../../terminal/screen-modes.ts';
import {findAction} from '../../actions/action-rows.ts';
import {whyOff} from '../press-key.ts';
import {LeaveKeys} from '../leave-keys.ts';
import {plainPathLine} from '../plain-path-line.ts';
import type {SessionRun} from '../session-run.ts';
import type {OpenCluster, Session} from '../session.ts';
import {clusterOf, targetHere} from './cursor.ts';
import type {Handlers} from './handler.ts';
import {currentTail} from './current-tail.ts';

/** The best shell that the image has. */
const shellScript = '[ -x /bin/bash ] && exec /bin/bash -l; exec /bin/sh';

type Place = {cluster: OpenCluster; pod: PodObject; container: string; asked: string; chosenFrom: number};

export const shellHandlers: Handlers = {
	'pods.shell': async session => openShellHere(session),
	'workloads.shell': async session => openShellHere(session),
	'pods.attach': async session => attachHere(session),
	'pods.debug': async session => debugHere(session),
	async 'tail.shell'(session) {
		const source = currentTail(session)?.view.sources.find(({on}) => on);
		if (source) {
			await openShell(session, `pod/${source.pod}`, source.namespace, {named: source.container, cluster: clusterOf(session, currentTail(session)?.id)});
		}
	},
};

async function openShellHere(session: Session): Promise<void> {
	const here = targetHere(session);
	if (here) {
		await openShell(session, here.target, here.namespace);
	}
}

/** On the cluster that is on the screen, or another that is open. */
export async function openShell(session: Session, target: string, namespace: string, {named, cluster = session.cluster}: {named?: string; cluster?: OpenCluster} = {}): Promise<void> {
	const place = await placeOf(session, cluster, target, namespace, named);
	if (place) {
		await runInTerminal(session, place, 'exec', ['/bin/sh', '-c', shellScript]);
	}
}

async function attachHere(session: Session): Promise<void> {
	const here = targetHere(session);
	const place = here && await placeOf(session, session.cluster, here.target, here.namespace);
	if (place) {
		await runInTerminal(session, place, 'attach', []);
	}
}

async function placeOf(session: Session, cluster: OpenCluster, target: string, namespace: string, named?: string): Promise<Place | null> {
	const {pod, target: {asked, chosenFrom}} = await resolvePod(cluster.access, target, {namespace, order: 'attach', podRunningTimeoutMs: 3000});
	const running = allContainers(pod).filter(({name, role}) => role !== 'init' || pod.status?.initContainerStatuses?.some(one => one.name === name && one.state?.running));
	let container = named ?? chooseContainer(pod, undefined, {unknownAnnotation: 'go-on'}).name;
	if (named === undefined && running.length > 1) {
		const chosen = await session.pick({
			title: `Container of ${pod.metadata.name}`, purpose: 'container', keys: 'open', at: Math.max(0, running.findIndex(({name}) => name === container)),
			items: running.map(({name, role}) => ({id: name, cells: [name, role === 'regular' ? '' : role]})),
		});
		if (chosen === null) {
			return null;
		}

		container = chosen;
	}

	return {cluster, pod, container, asked, chosenFrom};
}

async function runInTerminal(session: Session, {cluster, pod, container, asked, chosenFrom}: Place, feature: 'exec' | 'attach', command: readonly string[]): Promise<void> {
	const spec = [...pod.spec.containers, ...pod.spec.initContainers ?? [], ...pod.spec.ephemeralContainers ?? []].find(({name}) => name === container) as {tty?: boolean; stdin?: boolean} | undefined;
	const tty = feature === 'exec' || spec?.tty === true;
	const stdin = feature === 'exec' || spec?.stdin === true;
	const id = session.nextId(feature === 'exec' ? 'shell' : 'attach');
	const kind = feature === 'exec' ? 'shell' : 'attach';
	const name = `${pod.metadata.name}/${container}`;
	const began = Date.now();
	session.store.now({type: 'dock', event: {type: 'open', entry: {id, kind, what: name, context: cluster.context, since: began}}});
	session.tell(`${kind} in ${name} …`);
	let remote: RemoteCommand;
	try {
		remote = await openRemoteCommand(cluster.access, {feature, target: reachedPod(asked, pod, chosenFrom, container), command, stdin, tty}, {witness: session.witnessFor(id, cluster), environment: session.env});
	} catch (error) {
		session.store.now({type: 'dock', event: {type: 'close', id}});
		throw error;
	}

	const end = await drive(session, id, remote, {name: `${cluster.access.facts.sandbox ? 'SANDBOX' : cluster.context} ${name}`, kind, tty, began});
	session.store.now({type: 'dock', event: {type: 'close', id}});
	const {error} = end;
	if (error && feature === 'exec' && noShell(error)) {
		session.fail(`${kind} in ${name}`, new SpokeError(error.code, 'the image has no shell', {text: error.text ?? error.message, remedy: `spoke debug ${pod.metadata.name}`}));
		await offerDebug(session, cluster, pod, container);
	} else if (error?.code === 'ERR_TARGET_GONE' && error.remedy === null) {
		session.fail(`${kind} in ${name}`, new SpokeError(error.code, error.message, {leg: error.leg, ...error.text !== null && {text: error.text}, remedy: `spoke logs ${pod.metadata.name} -c ${container} --previous shows how it ended`}));
	} else if (error) {
		session.fail(`${kind} in ${name}`, error);
	} else {
		session.tell(end.words);
	}
}

function noShell({text, message}: SpokeError): boolean {
	return /executable file not found|no such file or directory|not found/i.test(text ?? message);
}

type End = {words: string; error: SpokeError | null};

async function drive(session: Session, id: string, remote: RemoteCommand, {name, kind, tty, began}: {name: string; kind: string; tty: boolean; began: number}): Promise<End> {
	const {stdout} = session.terminal;
	const leave = new LeaveKeys(session.keymap);
	const left = Promise.withResolvers<'left'>();
	const modes = new ScreenModes();
	const pathNow = () => {
		const path = worstPath(session.store.state.dock.find(one => one.id === id)?.paths.values() ?? []);
		return path === null ? '' : `${plainPathLine(path, (session as SessionRun).glyphs, stdout.columns || 80)}\r\n`;
	};

	const others = session.store.state.dock.filter(one => one.id !== id && (one.phase === 'open' || one.phase === 'working')).length;
	const take = (bytes: Buffer) => {
		for (const part of leave.feed(bytes)) {
			if (part.kind === 'pass') {
				remote.stdin?.write(part.bytes);
			} else if (part.kind === 'path') {
				stdout.write(`\r\n${pathNow()}`);
			} else {
				left.resolve('left');
			}
		}
	};

	return (session as SessionRun).withShell(take, async () => {
		stdout.write(`spoke  ${kind} in ${name}\r\n${pathNow()}       ${others > 0 ? `${others} other ${others === 1 ? 'connection goes' : 'connections go'} on. ` : ''}To leave: ${leave.shown}\r\n`);
		const resize = () => {
			remote.resize({columns: stdout.columns || 80, rows: stdout.rows || 24});
		};

		if (tty) {
			resize();
			stdout.on('resize', resize);
		}

		const outputs = Promise.all([pipeOut(remote.stdout, stdout, modes, tty), ...remote.stderr ? [pipeOut(remote.stderr, stdout, modes, tty)] : []]);
		let end: End;
		const took = () => showAge(Date.now() - began);
		try {
			const outcome = await Promise.race([Promise.all([remote.outcome, outputs]).then(([status]) => status), left.promise]);
			end = outcome === 'left' || outcome === 'closed'
				? {words: `left the ${kind} after ${took()}. It may go on in the container.`, error: null}
				: {words: `${kind} ended with exit status ${outcome}, after ${took()}`, error: null};
		} catch (thrown) {
			const error = asSpokeError(thrown);
			end = {words: `${error.message}, after ${took()}`, error};
		} finally {
			stdout.off('resize', resize);
			remote.close();
		}

		const lineEnd = modes.atLineStart ? '' : '\r\n';
		stdout.write(`${modes.undo()}${lineEnd}spoke  ${end.words}\r\n${pathNow()}`);
		return end;
	});
}

async function pipeOut(from: Readable, to: NodeJS.WriteStream, modes: ScreenModes, tty: boolean): Promise<void> {
	from.on('data', (piece: Buffer) => {
		modes.watch(piece);
		// Without a terminal on the far side its line feeds come bare, and ours is raw.
		const ready = to.write(tty ? piece : Buffer.from(piece.toString('latin1').replaceAll(/(?<!\r)\n/g, '\r\n'), 'latin1'));
		if (!ready) {
			from.pause();
			void once(to, 'drain').then(() => from.resume(), () => {});
		}
	});
	await finished(from).catch(() => {});
}

/** Where there is no shell a container that brings one can be added; asked first, as it stays in the pod. */
async function offerDebug(session: Session, cluster: OpenCluster, pod: PodObject, container: string): Promise<void> {
	const off = whyOff(session.store.state, findAction('pods.debug')!);
	if (off === null && await session.ask(`${container} has no shell. Add a debug container to ${pod.metadata.name}?`, ['Its image and which processes it sees are asked next.'])) {
		await debug(session, cluster, pod, container);
	}
}

async function debugHere(session: Session): Promise<void> {
	const here = targetHere(session);
	if (here) {
		const {pod} = await resolvePod(session.cluster.access, here.target, {namespace: here.namespace, order: 'attach', podRunningTimeoutMs: 3000});
		await debug(session, session.cluster, pod, pod.spec.containers[0]?.name ?? '');
	}
}

async function debug(session: Session, cluster: OpenCluster, pod: PodObject, container: string): Promise<void> {
	const namespace = pod.metadata.namespace ?? cluster.access.facts.namespace;
	const values = await session.fill({
		title: `Debug container in ${pod.metadata.name}`, submit: 'add',
		fields: [
			{name: 'image', label: 'Image', value: 'busybox:stable', choices: null, note: ''},
			{name: 'target', label: 'Sees processes of', value: container, choices: pod.spec.containers.map(({name}) => ({value: name, shown: name})), note: ''},
		],
		notes: ({image, target}) => ['The same in a script:', `  kubectl debug -n ${namespace} -it ${pod.metadata.name} --image=${image} --target=${target}`],
		check: ({image}) => image === '' ? 'an image is needed' : null,
	});
	if (values === null || !await session.ask(`Add a debug container to ${pod.metadata.name}?`, ['It cannot be removed from the pod; it ends when its shell ends.'])) {
		return;
	}

	const name = `debugger-${Math.random().toString(36).slice(2, 7)}`;
	await cluster.access.json({
		method: 'PATCH', path: objectPath(findResource('pod')!, namespace, pod.metadata.name, 'ephemeralcontainers'), headers: {'content-type': 'application/strategic-merge-patch+json'},
		body: JSON.stringify({spec: {ephemeralContainers: [{name, image: values['image'], targetContainerName: values['target'], stdin: true, tty: true, imagePullPolicy: 'IfNotPresent', terminationMessagePolicy: 'File'}]}}),
	});
	session.tell(`waiting for ${name} …`);
	for (let tries = 0; tries < 60; tries++) {
		await new Promise(resolve => {
			setTimeout(resolve, 500);
		});
		const now = await cluster.access.json<PodObject>({path: objectPath(findResource('pod')!, namespace, pod.metadata.name)});
		const state = now.status?.ephemeralContainerStatuses?.find(one => one.name === name)?.state;
		if (state?.running) {
			await runInTerminal(session, {cluster, pod: now, container: name, asked: `pod/${pod.metadata.name}`, chosenFrom: 1}, 'attach', []);
			return;
		}

		if (state?.terminated ?? (/Err|BackOff/.exec((state?.waiting?.reason ?? '')))) {
			throw new SpokeError('ERR_TARGET_GONE', `debug container ${name} does not start: ${state?.waiting?.reason ?? state?.terminated?.reason ?? ''}`, {text: state?.waiting?.message ?? state?.terminated?.message ?? ''});
		}
	}

	throw new SpokeError('ERR_TARGET_GONE', `debug container ${name} did not start within 30 s`);
}

