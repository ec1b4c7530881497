/** A reader that has seen enough, such as `head`, closes the output. This ends the command without an error. */
export function unlessClosed(error: NodeJS.ErrnoException): void {
  // an error of a connection to the service has another name
  if (error.code !== 'EPIPE' || error.name !== 'Error') throw error;
}
