/** So many jobs' files, emptied before, are removed at once: a process for each would be much of what a short probe costs. */
const BATCH = 32;
/** So many of the last long jobs are told of again with each beat. */
const REMEMBERED = 16;

const FUNCTIONS = `
due() {
  read -r now rest </proc/uptime
  echo "$1 $((\${now%%.*} + $2))" >"$id.pid"
}

over() {
  wait "$1"
  status=$?
  : >"$id.pid"
  return "$status"
}

limit() {
  seconds=$1
  shift
  exec 7<&0
  "$@" <&7 7<&- &
  exec 7<&-
  due "$!" "$seconds"
  over "$!"
}

hello() {
  [ -p "to.$place" ] || mkfifo "to.$place" "from.$place"
  exec 8<>"to.$place"
  nc "$1" "$2" <"to.$place" >"from.$place" 8<&- &
  nc=$!
  due "$nc" "$4"
  exec 7<"from.$place"
  printf '%s\\n' "$3" >&8
  IFS= read -r answer <&7 && printf '%s\\n' "$answer" && answer=
  exec 8<&-
  printf '%s' "$answer"
  while IFS= read -r answer <&7; do printf '%s\\n' "$answer"; done
  printf '%s' "$answer"
  exec 7<&-
  over "$nc"
}
`;

/**
 * The shell agent that one exec session runs in a pod, in POSIX sh with busybox's or coreutils' tools.
 *
 * It reads one job a line, `ID PLACE SCRIPT`, runs each in the background with stdout and stderr captured in files of its own, and
 * prints a frame when the job is over. The place is a number that no other job has at the same time: fifos are made once for each.
 *
 *     <<ID STATUS
 *     stdout in base64
 *     --
 *     stderr in base64
 *     >>ID SHA256                (of all the lines above, line ends included)
 *
 * A job whose id begins with b has a brief frame, made by the shell alone, since processes are most of what one short probe costs:
 * its outputs' lines as they are, each behind a bar (the last one behind a plus where it has no end), and all of it twice:
 *
 *     <<ID STATUS
 *     |line of stdout
 *     --
 *     |line of stderr
 *     ==                         (and once more: the lines of stdout, --, the lines of stderr)
 *     >>ID
 *
 * Once a second comes a beat, with the ids of the last jobs whose frames were long: a burst's frame that is lost on the way is
 * missed at once, where the longest time that a burst may take is minutes; and a session that has gone silent is known by that.
 *
 *     ~ ID ID ...
 *
 * Only one process writes frames, fed with ids through a fifo, so that frames never mix.
 *
 * `hello HOST PORT WORDS SECONDS` is the TCP probe. It keeps nc's standard input open until an answer or the end of the
 * connection has come, because a proxy may take a half-closed connection for a finished one (OSM with Envoy does).
 * The shell itself writes to nc and reads from it, through its place's two fifos, so that a probe costs one process; the one to nc
 * is opened for reading and writing, so that opening it cannot block, and nc sees its end when the shell closes it.
 * `limit SECONDS COMMAND` runs a command that one reaper ends when it outlives its limit, by at most a second: busybox's
 * `timeout` would leave a waiting process behind each probe.
 */
export const AGENT_SCRIPT = `
umask 077
base=/probe
[ -w "$base" ] || base=/tmp
dir=$(mktemp -d "$base/agent.XXXXXX") && cd "$dir" && mkfifo done || exit 70
exec 9<>done
( told=
  count=0
  long=
  longs=0
  while IFS= read -r id <&9; do
    case $id in
    beat)
      echo "~$long"
      continue ;;
    b*)
      text=
      while IFS= read -r line; do text="$text$line
"; done <"$id.frame"
      printf '%s' "$text" ;;
    *)
      cat "$id.frame"
      long="$long $id"
      longs=$((longs + 1))
      if [ "$longs" -gt ${REMEMBERED} ]; then long=" \${long# * }"; fi ;;
    esac
    : >"$id.frame" >"$id.out" >"$id.err"
    told="$told $id.*"
    count=$((count + 1))
    if [ "$count" -ge ${BATCH} ]; then rm -f $told; told= count=0; fi
  done ) &
writer=$!
( while sleep 1; do
    read -r now rest </proc/uptime
    for file in *.pid; do
      if read -r pid deadline 2>/dev/null <"$file" && [ "\${now%%.*}" -ge "$deadline" ]; then kill -9 "$pid"; fi
    done
    echo beat >&9
  done ) 2>/dev/null &
reaper=$!

${FUNCTIONS}
job() {
  id=$1
  place=$2
  eval "$3" >"$id.out" 2>"$id.err" </dev/null 9>&-
  status=$?
  case $id in b*) brief ;; *) long ;; esac
  echo "$id" >&9
}

long() {
  {
    echo "<<$id $status"
    if [ -s "$id.out" ]; then base64 <"$id.out"; fi
    echo --
    if [ -s "$id.err" ]; then base64 <"$id.err"; fi
  } >"$id.frame"
  sum=$(sha256sum <"$id.frame")
  echo ">>$id \${sum%% *}" >>"$id.frame"
}

brief() {
  text=
  gather "$id.out"
  text="$text--
"
  gather "$id.err"
  printf '<<%s %s\\n%s==\\n%s>>%s\\n' "$id" "$status" "$text" "$text" "$id" >"$id.frame"
}

gather() {
  while IFS= read -r line; do text="$text|$line
"; done <"$1"
  [ -z "$line" ] || text="$text+$line
"
}

echo ready
while IFS=' ' read -r id place script; do job "$id" "$place" "$script" & done
kill "$writer" "$reaper"
cd / && rm -rf "$dir"
`;

/** The same functions for one script in an exec of its own; its last line of stdout repeats the exit status. */
export function aloneScript(script: string, seconds: number): string {
  return `
umask 077
base=/probe
[ -w "$base" ] || base=/tmp
dir=$(mktemp -d "$base/alone.XXXXXX") && cd "$dir" || exit 70
id=alone
place=alone
( sleep ${seconds}; read -r pid rest <alone.pid && kill -9 "$pid" ) >/dev/null 2>&1 &
${FUNCTIONS}
( ${script}
)
status=$?
cd / && rm -rf "$dir"
printf '\\n%s %s\\n' '${ALONE_END}' "$status"
exit "$status"
`;
}

const ALONE_END = '>>alone';

/** Takes the sentinel off again. An exec whose status frame and sentinel do not agree is not to be trusted. */
export function parseAlone(result: {
  exitCode?: number;
  fault?: string;
  stdout: string;
  stderr: string;
}): { exit: number; stdout: string; stderr: string } | { doubt: string } {
  if (result.fault !== undefined) return { doubt: `exec: ${result.fault}` };
  const end = /\n>>alone (\d+)\n$/.exec(result.stdout);
  if (end === null) return { doubt: 'exec: the end of the output is missing' };
  const status = Number(end[1]);
  if (result.exitCode !== status) return { doubt: `exec: status ${result.exitCode} by the API, ${status} in the pod` };
  return { exit: status, stdout: result.stdout.slice(0, end.index), stderr: result.stderr };
}
