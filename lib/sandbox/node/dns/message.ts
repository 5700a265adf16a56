/** The part of RFC 1035 that stub resolvers use: one question, answers of addresses. */
export interface Question {
  id: number;
  /** In lower case, without the last dot. */
  name: string;
  type: number;
  /** The question as it came, to be repeated in the answer. */
  raw: Buffer;
  isRecursionDesired: boolean;
}

export const TYPE_A = 1;

export type Answer = { status: 'found'; addresses: string[] } | { status: 'no-such-name' };

const HEADER_LENGTH = 12;
const TTL_SECONDS = 5;
const FLAG_RESPONSE = 0x8000;
const FLAG_AUTHORITATIVE = 0x0400;
const FLAG_RECURSION_DESIRED = 0x0100;
const FLAG_RECURSION_AVAILABLE = 0x0080;
const STATUS_NO_SUCH_NAME = 3;
const CLASS_INTERNET = 1;
/** Points to the name in the question. */
const NAME_OF_QUESTION = 0xc000 + HEADER_LENGTH;

/** Reads a query; undefined for anything that is none, or holds other than one question. */
export function readQuestion(message: Buffer): Question | undefined {
  if (message.length < HEADER_LENGTH || message.readUInt16BE(4) !== 1) return undefined;
  const flags = message.readUInt16BE(2);
  if ((flags & FLAG_RESPONSE) !== 0) return undefined;
  const labels: string[] = [];
  let at = HEADER_LENGTH;
  for (let length = message[at]; length !== 0; length = message[at]) {
    if (length === undefined || length > 63) return undefined;
    labels.push(message.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const end = at + 5;
  if (end > message.length) return undefined;
  return {
    id: message.readUInt16BE(0),
    name: labels.join('.').toLowerCase(),
    type: message.readUInt16BE(at + 1),
    raw: message.subarray(HEADER_LENGTH, end),
    isRecursionDesired: (flags & FLAG_RECURSION_DESIRED) !== 0,
  };
}

/** The answer to a question; addresses are IPv4, and given to questions for them alone. */
export function writeAnswer(question: Question, answer: Answer): Buffer {
  const addresses = answer.status === 'found' && question.type === TYPE_A ? answer.addresses : [];
  const header = Buffer.alloc(HEADER_LENGTH);
  header.writeUInt16BE(question.id, 0);
  header.writeUInt16BE(
    FLAG_RESPONSE |
      FLAG_AUTHORITATIVE |
      FLAG_RECURSION_AVAILABLE |
      (question.isRecursionDesired ? FLAG_RECURSION_DESIRED : 0) |
      (answer.status === 'no-such-name' ? STATUS_NO_SUCH_NAME : 0),
    2,
  );
  header.writeUInt16BE(1, 4);
  header.writeUInt16BE(addresses.length, 6);
  return Buffer.concat([header, question.raw, ...addresses.map(addressRecord)]);
}

function addressRecord(address: string): Buffer {
  const record = Buffer.alloc(16);
  record.writeUInt16BE(NAME_OF_QUESTION, 0);
  record.writeUInt16BE(TYPE_A, 2);
  record.writeUInt16BE(CLASS_INTERNET, 4);
  record.writeUInt32BE(TTL_SECONDS, 6);
  record.writeUInt16BE(4, 10);
  for (const [n, part] of address.split('.').entries()) record.writeUInt8(Number(part), 12 + n);
  return record;
}
