import type { DebianImageRecipe } from "./debian-image.ts";
import { WORDPRESS } from "./wordpress-image.ts";

/** What a shell session inside a container expects to find. */
const SHELL_PACKAGES = ["base-files", "bash", "coreutils", "curl", "dash", "grep", "hostname", "procps", "sed"];

const NGINX_CONFIG = `user nginx;
worker_processes auto;
error_log /var/log/nginx/error.log notice;
pid /var/run/nginx.pid;

events {
  worker_connections 1024;
}

http {
  include /etc/nginx/mime.types;
  default_type application/octet-stream;
  log_format main '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" "$http_x_forwarded_for"';
  access_log /var/log/nginx/access.log main;
  sendfile on;
  keepalive_timeout 65;
  include /etc/nginx/conf.d/*.conf;
}
`;

const NGINX_DEFAULT_SITE = `server {
  listen 80;
  server_name localhost;

  location / {
    root /usr/share/nginx/html;
    index index.html index.htm;
  }

  error_page 500 502 503 504 /50x.html;
  location = /50x.html {
    root /usr/share/nginx/html;
  }
}
`;

/** nginx with the paths, the user and the start command of the image that tutorials mean by `nginx`. */
export const NGINX: DebianImageRecipe = {
  name: "nginx",
  references: ["nginx:latest", "nginx:1.7.9", "nginx:1.9.1", "nginx:1.14.2", "nginx:1.16.1", "nginx:1.25", "nginx:1.27", "nginx:alpine"],
  packages: [...SHELL_PACKAGES, "nginx"],
  users: [{ name: "nginx", uid: 101, home: "/nonexistent" }],
  directories: [{ path: "/etc/nginx/conf.d" }, { path: "/var/log/nginx" }, { path: "/var/lib/nginx" }],
  files: [
    { path: "/etc/nginx/nginx.conf", content: NGINX_CONFIG },
    { path: "/etc/nginx/conf.d/default.conf", content: NGINX_DEFAULT_SITE },
  ],
  links: { "/var/log/nginx/access.log": "/dev/stdout", "/var/log/nginx/error.log": "/dev/stderr", "/var/run": "/run" },
  leftOut: ["/etc/nginx/sites-available", "/etc/nginx/modules-available", "/var/run"],
  config: {
    entrypoint: [],
    cmd: ["nginx", "-g", "daemon off;"],
    exposedPorts: ["80/tcp"],
    stopSignal: "SIGQUIT",
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  },
};

/** Redis, listening on every address as in its usual image. */
export const REDIS: DebianImageRecipe = {
  name: "redis",
  references: ["redis:latest", "redis:5.0.4", "redis:6", "redis:7"],
  packages: [...SHELL_PACKAGES, "redis-server", "redis-tools"],
  users: [{ name: "redis", uid: 999, home: "/data" }],
  directories: [{ path: "/data", uid: 999, gid: 999 }],
  config: {
    cmd: ["redis-server", "--protected-mode", "no", "--bind", "*", "--dir", "/data"],
    workingDir: "/data",
    exposedPorts: ["6379/tcp"],
  },
};

/** MariaDB in the place of MySQL: the database is made in `/var/lib/mysql` when the container first starts. */
export const MYSQL: DebianImageRecipe = {
  name: "mysql",
  references: ["mysql:latest", "mysql:5.6", "mysql:5.7", "mysql:8.0", "mariadb:latest", "mariadb:10"],
  packages: [...SHELL_PACKAGES, "mariadb-server"],
  users: [{ name: "mysql", uid: 999, home: "/var/lib/mysql" }],
  directories: [
    { path: "/var/lib/mysql", uid: 999, gid: 999, mode: 0o755 },
    { path: "/run/mysqld", uid: 999, gid: 999, mode: 0o755 },
    { path: "/docker-entrypoint-initdb.d" },
  ],
  files: [{ path: "/usr/local/bin/docker-entrypoint.sh", mode: 0o755, content: mysqlEntrypoint() }],
  leftOut: ["/usr/share/mysql/mysql-test"],
  config: {
    entrypoint: ["/usr/local/bin/docker-entrypoint.sh"],
    cmd: ["mysqld"],
    exposedPorts: ["3306/tcp"],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  },
};

/** The environment variables of the usual image: root's password, a database, a user. Scripts of `initdb.d` are run once. */
function mysqlEntrypoint(): string {
  return `#!/bin/bash
set -euo pipefail
mysqld_options=(--user=mysql --datadir=/var/lib/mysql --bind-address=0.0.0.0 --skip-name-resolve)
if [ "\${1:-}" != mysqld ]; then exec "$@"; fi
shift
if [ "$(id -u)" = 0 ]; then chown mysql:mysql /var/lib/mysql /run/mysqld; fi
if [ ! -d /var/lib/mysql/mysql ]; then
  root_password="\${MYSQL_ROOT_PASSWORD:-\${MARIADB_ROOT_PASSWORD:-}}"
  if [ -z "$root_password" ] && [ -z "\${MYSQL_ALLOW_EMPTY_PASSWORD:-}" ]; then
    echo "set MYSQL_ROOT_PASSWORD or MYSQL_ALLOW_EMPTY_PASSWORD" >&2
    exit 1
  fi
  quoted() { printf "'%s'" "\${1//\\'/\\'\\'}"; }
  mysql_install_db --user=mysql --datadir=/var/lib/mysql --auth-root-authentication-method=normal --skip-test-db >/dev/null
  setup=/run/mysqld/setup.sql
  {
    echo "FLUSH PRIVILEGES;"
    echo "ALTER USER 'root'@'localhost' IDENTIFIED BY $(quoted "$root_password");"
    # The others have no password, and are more to the point than '%' for who comes from this very machine.
    echo "DROP USER IF EXISTS 'root'@'127.0.0.1', 'root'@'::1', 'root'@$(quoted "$(hostname)");"
    echo "CREATE OR REPLACE USER 'root'@'%' IDENTIFIED BY $(quoted "$root_password");"
    echo "GRANT ALL ON *.* TO 'root'@'%' WITH GRANT OPTION;"
    if [ -n "\${MYSQL_DATABASE:-}" ]; then echo "CREATE DATABASE IF NOT EXISTS \\\`$MYSQL_DATABASE\\\`;"; fi
    if [ -n "\${MYSQL_USER:-}" ]; then
      echo "CREATE OR REPLACE USER $(quoted "$MYSQL_USER")@'%' IDENTIFIED BY $(quoted "\${MYSQL_PASSWORD:-}");"
      if [ -n "\${MYSQL_DATABASE:-}" ]; then echo "GRANT ALL ON \\\`$MYSQL_DATABASE\\\`.* TO $(quoted "$MYSQL_USER")@'%';"; fi
    fi
    if [ -n "\${MYSQL_DATABASE:-}" ]; then echo "USE \\\`$MYSQL_DATABASE\\\`;"; fi
    for script in /docker-entrypoint-initdb.d/*.sql; do if [ -f "$script" ]; then cat "$script"; echo; fi; done
  } >"$setup"
  mysqld "\${mysqld_options[@]}" --bootstrap <"$setup"
  rm "$setup"
fi
exec mysqld "\${mysqld_options[@]}" "$@"
`;
}

/** A system with a shell and the usual small programs, for what tutorials do in `ubuntu` or `debian`. */
const UBUNTU: DebianImageRecipe = {
  name: "ubuntu",
  references: ["ubuntu:latest", "ubuntu:22.04", "debian:latest", "debian:12", "debian:12-slim"],
  packages: [...SHELL_PACKAGES, "findutils", "iputils-ping", "iproute2", "dnsutils", "util-linux"],
  config: { cmd: ["/bin/bash"], env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"] },
};

/** Every recipe. */
export const RECIPES: readonly DebianImageRecipe[] = [NGINX, REDIS, MYSQL, WORDPRESS, UBUNTU];
