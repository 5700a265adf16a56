import { createSocket } from 'node:dgram';
import type { ObjectView } from '../../contract.ts';
import { DNS_ADDRESS } from '../addresses.ts';
import { readQuestion, writeAnswer } from './message.ts';
import { lookUp } from './names.ts';

/** Answers the pods' name lookups over UDP. @returns ends it */
export function serveDns(view: ObjectView, domain: string, complain: (message: string) => void): () => void {
  const socket = createSocket('udp4');
  socket.on('message', (message, client) => {
    const question = readQuestion(message);
    if (question === undefined) return;
    socket.send(writeAnswer(question, lookUp(question.name, domain, view)), client.port, client.address);
  });
  socket.on('error', (error) => complain(`dns: ${error.message}`));
  socket.bind(53, DNS_ADDRESS);
  return () => socket.close();
}
