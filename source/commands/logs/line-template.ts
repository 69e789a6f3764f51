/** Lines in the user's template. */
import {podColor} from '../../output/pod-color.ts';
import {SpokeError} from '../../errors/spoke-error.ts';
import type {LogSource} from '../../streams/logs/log-events.ts';
import {eachLine, lineEnd} from '../../streams/logs/log-lines.ts';
import {timestampLength} from '../../streams/logs/line-timestamp.ts';
import {lineFunctions, TemplateColor} from '../../templates/line-functions.ts';
import {parseTemplate} from '../../templates/parse-template.ts';
import {runTemplate, UnknownFieldError} from '../../templates/run-template.ts';
import {TemplateError} from '../../templates/template-tokens.ts';

export type LineTemplateOptions = {
	colors: boolean;
	/** Without it, `.Timestamp` is empty, as in stern. */
	timestamps: boolean;
	/** `null` if it is the only one; `.Context` is then empty. */
	context: string | null;
	say: (notice: string) => void;
};

/**
Formats whole lines with timestamps. A line that the template fails for is printed as it is.
@throws SpokeError ERR_USAGE for an invalid template
*/
export function createLineTemplate(
	template: string,
	{colors, timestamps, context, say}: LineTemplateOptions,
): (block: Buffer, source: LogSource) => Buffer {
	const functions = lineFunctions({colors});
	const nodes = orUsageError(() => parseTemplate(template, new Set(functions.keys())));
	orUsageError(() => {
		assertKnownFields(() => runTemplate(nodes, new TemplateLine(sample, context), functions));
	});
	let hasFailed = false;
	const format = (line: TemplateLine) => {
		try {
			return runTemplate(nodes, line, functions);
		} catch (error) {
			if (!(error instanceof TemplateError)) {
				throw error;
			}

			if (!hasFailed) {
				hasFailed = true;
				say(`--template: ${error.message}: lines that it fails for are printed as they are`);
			}

			return line.Message;
		}
	};

	return (block, source) => {
		const line = new TemplateLine(source, context);
		let output = '';
		let start = 0;
		eachLine(block, (from, to) => {
			line.Message = block.toString('utf8', from, to);
			line.Timestamp = timestamps ? block.toString('latin1', start, start + timestampLength(block, start)) : '';
			const text = format(line);
			output += text === '' || text.endsWith('\n') ? text : `${text}\n`;
			start = lineEnd(block, to);
		});
		return Buffer.from(output);
	};
}

const sample: LogSource = {namespace: '', pod: '', uid: null, node: null, container: ''};

/** A sample has no fields of its own, so only names of fields can be wrong for every line. */
function assertKnownFields(run: () => void): void {
	try {
		run();
	} catch (error) {
		if (error instanceof UnknownFieldError || !(error instanceof TemplateError)) {
			throw error;
		}
	}
}

function orUsageError<Result>(run: () => Result): Result {
	try {
		return run();
	} catch (error) {
		throw error instanceof TemplateError ? new SpokeError('ERR_USAGE', `invalid --template: ${error.message}`) : error;
	}
}

/** The fields have stern's names, except `Context`. Those of the pod are the same for every line of a log. */
class TemplateLine {
	Message = '';
	Timestamp = '';
	readonly Context: string;
	readonly NodeName: string;
	readonly Namespace: string;
	readonly PodName: string;
	readonly ContainerName: string;
	readonly Labels: Readonly<Record<string, string>>;
	readonly Annotations: Readonly<Record<string, string>>;
	readonly PodColor: TemplateColor;
	readonly ContainerColor: TemplateColor;

	constructor({namespace, pod, node, container, labels = {}, annotations = {}}: LogSource, context: string | null) {
		const color = podColor(pod);
		this.Context = context ?? '';
		this.NodeName = node ?? '';
		this.Namespace = namespace;
		this.PodName = pod;
		this.ContainerName = container;
		this.Labels = labels;
		this.Annotations = annotations;
		this.PodColor = new TemplateColor(color.pod);
		this.ContainerColor = new TemplateColor(color.container);
	}

	/** For `{{json .}}`. */
	toJSON(): object {
		const {Message: message, Timestamp: timestamp, NodeName: nodeName, Namespace: namespace, PodName: podName} = this;
		const {ContainerName: containerName, Labels: labels, Annotations: annotations, Context: context} = this;
		return {
			message,
			...(timestamp !== '' && {timestamp}),
			...(context !== '' && {context}),
			nodeName,
			namespace,
			podName,
			containerName,
			labels,
			annotations,
		};
	}
}
