/** Function that performs an action. */
import type {Session} from '../session.ts';

export type Handler = (session: Session) => void | Promise<void>;
export type Handlers = Readonly<Record<string, Handler>>;
