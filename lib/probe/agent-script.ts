/** The files of this many jobs, emptied before, are removed at once: a process for each would cost as much as a short probe. */
const BATCH = 32;
/** How many of the last long jobs each beat names. */
const REMEMBERED = 16;

/**
 * The shell agent that one exec session runs in a pod, in POSIX sh with busybox's or coreutils' tools.
 *
 * It reads one job a line, `ID PLACE SCRIPT`, and runs each in the background with its stdout and stderr in files. When the job
 * is over, it prints a frame. The place is a number that no other job has at the same time; each place has its fifos.
 *
 *     <<ID STATUS
 *     stdout in base64
 *     --
 *     stderr in base64
 *     >>ID SHA256                (of all the lines above, line ends included)
 *
 * A job whose id begins with b has a brief frame. The shell alone makes it, because processes are most of what a short probe
 * costs. It has the lines of the outputs twice, as they are, each behind a bar. A last line without an end is behind a plus.
 *
 *     <<ID STATUS
 *     |line of stdout
 *     --
 *     |line of stderr
 *     ==                         (and once more: the lines of stdout, --, the lines of stderr)
 *     >>ID
 *
 * Once a second it prints a beat with the ids of the last jobs that had long frames. A burst may take minutes; so its lost
 * frame is noticed at once, and a silent session, too.
 *
 *     ~ ID ID ...
 *
 * One process writes all frames, so that frames never mix. It reads ids from a fifo.
 *
 * `hello HOST PORT WORDS SECONDS` is the TCP probe. It keeps nc's standard input open until an answer or the end of the
 * connection comes. A proxy may take a half-closed connection for a finished one; OSM with Envoy does. The shell itself
 * writes to nc and reads from it through the two fifos of its place, so that a probe costs one process. It opens the fifo to nc
 * for reading and writing: so opening cannot block, and nc sees the end when the shell closes it.
 * `lookup HOST` finds the `address` of a name before a probe connects, with three tries, so that a lookup that stalls is never
 * taken for silence of the mesh, whatever the tool and its libc. It leaves `address` empty if the name did not resolve. In an
 * image without getent the tool looks the name up itself, and `known` is empty.
 * `limit SECONDS COMMAND` runs a command that one reaper ends at most a second after its limit. Busybox's `timeout` would leave
 * a waiting process behind each probe.
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

lookup() {
  known=
  address=$1
  command -v getent >/dev/null || return 0
  for try in 1 2 3; do
    limit 2 getent ahosts "$1" >"$id.name"
    if read -r address rest <"$id.name"; then known=$address; return; fi
  done
  address=
}

found() {
  [ -n "$address" ] || { echo 'the name did not resolve' >&2; return 6; }
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
