/** What runs when an action is chosen, by key, palette or footer alike. */
import type {Session} from '../session.ts';

export type Handler = (session: Session) => void | Promise<void>;
export type Handlers = Readonly<Record<string, Handler>>;
