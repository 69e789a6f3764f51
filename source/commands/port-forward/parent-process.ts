/** The `spoke port-forward --detach` that started this process, and prints for it until the forward is ready. */
import {once} from 'node:events';
import process from 'node:process';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {Path} from '../../evidence/evidence.ts';
import {jsonLine} from '../../output/json-line.ts';
import {sanitizeLine} from '../../text/sanitize.ts';
import type {ForwardMessage, ParentMessage, StartMessage} from './detach-messages.ts';
import {jsonReporter} from './json-reporter.ts';
import {wantsPaths} from './path-events.ts';
import {textReporter, type ForwardReporter} from './text-reporter.ts';

type OutputName = Extract<ForwardMessage, {type: 'output'}>['to'];

export class ParentProcess {
	/** The parent has printed that the forward is ready. */
	hasDetached = false;
	/** The `ended` event was printed. */
	#hasPrintedEnd = false;
	#start: StartMessage | undefined;

	/** @throws SpokeError ERR_USAGE without a parent that is spoke */
	async receiveStart(): Promise<StartMessage> {
		if (!process.connected) {
			throw new SpokeError('ERR_USAGE', '--detached is for the processes that spoke starts', {remedy: 'pass --detach'});
		}

		process.on('message', ({type}: ParentMessage) => {
			this.hasDetached ||= type === 'keep';
		});
		const [start] = (await once(process, 'message')) as [StartMessage];
		this.#start = start;
		return start;
	}

	/** `listener` is called if the parent ends before the forward is ready. */
	onLost(listener: () => void): void {
		const onDisconnect = () => {
			if (!this.hasDetached) {
				listener();
			}
		};

		if (process.connected) {
			process.once('disconnect', onDisconnect);
		} else {
			onDisconnect();
		}
	}

	/** Whether the run would read paths without --detach. */
	get wantsPaths(): boolean {
		const {line, isStderrTerminal} = this.#start!;
		return wantsPaths(line.flags, {isTTY: isStderrTerminal});
	}

	/** Prints as `spoke port-forward` without --detach, except the path lines. */
	createReporter(): ForwardReporter {
		const {flags} = this.#start!.line;
		const [stdout, stderr] = [this.#output('stdout'), this.#output('stderr')];
		const reporter = flags.output === 'json' ? jsonReporter(stdout, stderr) : textReporter(stdout, stderr);
		return {
			...reporter,
			ended: end => {
				reporter.ended(end);
				this.#hasPrintedEnd = true;
			},
		};
	}

	/** The path lines, in the mode that --path names. Call it if `wantsPaths`. JSON events suppress the line of `auto`. */
	printPaths(paths: readonly Path[]): void {
		const {path, output} = this.#start!.line.flags;
		if (path === 'auto' && output === 'json') {
			return;
		}

		const {write} = this.#output('stderr');
		const lines = path === 'json' ? paths.map(one => jsonLine(one)) : paths.map(({line}) => `${sanitizeLine(line)}\n`);
		for (const line of new Set(lines)) {
			write(line);
		}
	}

	sendReady(name: string): void {
		void this.#send({type: 'ready', name, pid: process.pid});
	}

	async sendFailure(error: SpokeError): Promise<void> {
		await this.#send({
			type: 'failed',
			error: {...error.toJSON(), asKubectl: error.asKubectl},
			isPrinted: this.#hasPrintedEnd && this.#start?.line.flags.output === 'json',
		});
	}

	disconnect(): void {
		if (process.connected) {
			process.disconnect();
		}
	}

	#output(to: OutputName) {
		return {
			isTTY: to === 'stderr' && this.#start!.isStderrTerminal,
			write: (text: string) => {
				void this.#send({type: 'output', to, text});
				return true;
			},
		};
	}

	/** Does nothing after the parent has left or ended. */
	async #send(message: ForwardMessage): Promise<void> {
		const {promise, resolve} = Promise.withResolvers<void>();
		if (this.hasDetached || !process.connected) {
			return;
		}

		process.send!(message, undefined, undefined, () => {
			resolve();
		});
		await promise;
	}
}
