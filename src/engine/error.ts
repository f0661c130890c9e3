/** Failures that the user is told about: a code for programs and one clear line for people. */

export type ErrorCode =
  | 'EINVAL' // the request itself is wrong
  | 'ENOIMAGE' // no such image, here or where it was looked for
  | 'ENOCONTAINER'
  | 'ECONFLICT' // the name is taken, the image is in use
  | 'EARCHIVE' // a damaged or hostile archive
  | 'EVERIFY' // a digest, size or signature is not what it must be
  | 'ENETWORK' // a server is down, unreachable or does not speak the protocol
  | 'EAUTH' // a registry wants (other) credentials
  | 'EPLATFORM' // nothing for linux/arm64
  | 'EDEPENDS' // packages whose dependencies cannot be met
  | 'ENOSPC'
  | 'ESTORE' // the store cannot be read or written
  | 'ECANCELED'
  | 'EEXEC' // a program cannot be started
  | 'ENOCOMMAND' // neither the image nor the user names a command
  | 'EOPTION' // an option is unknown or its value is wrong
  | 'EINTERNAL';

export interface HolmErrorOptions extends ErrorOptions {
  /** The exit status that a command should end with; 125 unless told. */
  readonly exitCode?: number;
}

export class HolmError extends Error {
  readonly code: ErrorCode;
  readonly exitCode: number;

  constructor(code: ErrorCode, message: string, options: HolmErrorOptions = {}) {
    super(message, options);
    this.name = 'HolmError';
    this.code = code;
    this.exitCode = options.exitCode ?? 125;
  }
}
