/** The options with which Java runs the server; `ES_JAVA_OPTS` comes after them. */
const JAVA_OPTIONS = [
  "-XX:+UseParallelGC",
  "-XX:TieredStopAtLevel=1",
  "-Djava.awt.headless=true",
  "-Des.networkaddress.cache.ttl=10",
  "-Des.networkaddress.cache.negative.ttl=1",
  "-Dio.netty.noUnsafe=true",
  "-Dio.netty.noKeySetOptimization=true",
  "-Dlog4j.shutdownHookEnabled=false",
  "-Dlog4j2.disable.jmx=true",
  "-Djna.nosys=true",
  "-Des.distribution.flavor=oss",
  "-Des.distribution.type=tar",
];

/** What Java needs for the server, without the module that knows the limit of open files. */
const MODULES = "java.se,jdk.unsupported,jdk.zipfs,jdk.crypto.ec,jdk.charsets,jdk.localedata,jdk.net";

/**
 * The image's start command, in bash. Environment variables whose names have dots are settings of the server, as in the
 * usual image; started as root, the server runs as the user 1000.
 */
export const ENTRYPOINT = `#!/bin/bash
set -euo pipefail
cd /usr/share/elasticsearch
if [ "\${1:-}" != eswrapper ]; then exec "$@"; fi
settings=()
while IFS='=' read -r name value; do
  if [[ "$name" =~ ^[a-z0-9_]+\\.[a-z0-9_.]+$ && -n "$value" ]]; then settings+=("-E$name=$value"); fi
done < <(env)
# Some machines let nobody raise the limit of open files. For data as few as an example's it is no matter, but the server
# would refuse to start: it is not told.
java=(java)
ulimit -n 65536 2>/dev/null || if [ "$(ulimit -n)" != unlimited ] && [ "$(ulimit -n)" -lt 65536 ]; then
  echo "WARNING: the limit of open files is $(ulimit -n), less than the 65536 that the server asks for" >&2
  java+=(--limit-modules ${MODULES})
fi
run=()
if [ "$(id -u)" = 0 ]; then run=(setpriv --reuid=1000 --regid=1000 --clear-groups); fi
export ES_PATH_CONF=$PWD/config
exec "\${run[@]}" "\${java[@]}" ${JAVA_OPTIONS.join(" ")} \${ES_JAVA_OPTS:-} \\
  -Des.path.home=$PWD -Des.path.conf=$PWD/config -cp 'lib/*' \\
  org.elasticsearch.bootstrap.Elasticsearch "\${settings[@]}"
`;
