/** The open dialog, over the screen. A prompt is the last row instead. */
import {Box} from 'ink';
import type {ReactNode} from 'react';
import {useScreen} from '../kit/screen-input.ts';
import {Words} from '../kit/styled-text.tsx';
import type {CardDialog, ConfirmDialog} from './dialog.ts';
import {Form} from './form.tsx';
import {DialogFrame} from './dialog-frame.tsx';
import {Picker} from './picker.tsx';

export function Dialog(): ReactNode {
	const dialog = useScreen(({state}) => state.dialog);
	switch (dialog?.kind) {
		case 'picker': {
			return <Picker picker={dialog} />;
		}

		case 'form': {
			return <Form form={dialog} />;
		}

		case 'confirm': {
			return <Confirm confirm={dialog} />;
		}

		case 'card': {
			return <FailureCard card={dialog} />;
		}

		default: {
			return null;
		}
	}
}

function Confirm({confirm: {question, details}}: {readonly confirm: ConfirmDialog}): ReactNode {
	return (
		<DialogFrame
			title="Confirm"
			keys={[
				['confirm.yes', 'yes'],
				['confirm.no', 'no'],
			]}
		>
			<Box flexDirection="column" paddingX={2} paddingY={1}>
				<Words role="danger">{question}</Words>
				{details.map((detail, index) => (
					<Words key={index} role="text.dim">
						{detail}
					</Words>
				))}
			</Box>
		</DialogFrame>
	);
}

function FailureCard({card: {title, parts}}: {readonly card: CardDialog}): ReactNode {
	return (
		<DialogFrame
			title={title}
			keys={[
				['doctor', 'doctor'],
				['retry', 'retry'],
				['copy', 'copy'],
				['why', 'why'],
				['cancel', 'close'],
			]}
		>
			<Box flexDirection="column" paddingX={2} paddingY={1}>
				{parts.map(({role, text}, index) => (
					<Words key={index} {...(cardRoles[role] && {role: cardRoles[role]})}>
						{role === 'fix' ? `fix: ${text}` : text}
					</Words>
				))}
			</Box>
		</DialogFrame>
	);
}

const cardRoles = {where: 'title', message: 'danger', server: undefined, error: undefined, code: 'text.dim', fix: 'focus'} as const;
