import type { DebianImageRecipe } from "./debian-image.ts";

const PHP = "8.2";

/** Packages' scripts would switch modules on; they do not run here, so the few that WordPress needs are named. */
const APACHE_CONFIG = `ServerRoot /etc/apache2
ServerName localhost
PidFile /run/apache2.pid
Listen 80
${["mpm_prefork", "authz_core", "authz_host", "access_compat", "dir", "mime", "alias", "rewrite", "setenvif", "headers", "expires"]
  .map((name) => `LoadModule ${name}_module /usr/lib/apache2/modules/mod_${name}.so`)
  .join("\n")}
LoadModule php_module /usr/lib/apache2/modules/libphp${PHP}.so
User www-data
Group www-data
TypesConfig /etc/mime.types
DocumentRoot /var/www/html
DirectoryIndex index.php index.html
ErrorLog /dev/stderr
LogFormat "%h %l %u %t \\"%r\\" %>s %O \\"%{Referer}i\\" \\"%{User-Agent}i\\"" combined
TransferLog /dev/stdout
<Directory />
  AllowOverride None
  Require all denied
</Directory>
<Directory /var/www/html>
  AllowOverride All
  Require all granted
</Directory>
<FilesMatch "\\.php$">
  SetHandler application/x-httpd-php
</FilesMatch>
`;

/** As the usual image: the site is put into an empty volume once, and \`WORDPRESS_DB_*\` say where the database is. */
const ENTRYPOINT = `#!/bin/bash
set -euo pipefail
if [[ "\${1:-}" != apache2* ]]; then exec "$@"; fi
cd /var/www/html
if [ ! -e index.php ]; then
  echo "WordPress not found in $PWD - copying now..."
  # Some links of the package lead to packages that it only recommends.
  cp -rL /usr/share/wordpress/. . 2>/dev/null || true
  cp -rL /var/lib/wordpress/wp-content/. wp-content/ 2>/dev/null || true
  # Debian's own looks for one file a site in /etc/wordpress.
  rm -f wp-config.php
  echo "Complete! WordPress has been successfully copied to $PWD"
fi
if [ ! -e wp-config.php ]; then
  salt() { head -c 48 /dev/urandom | base64 -w0; }
  {
    cat <<'EOPHP'
<?php
define('DB_NAME', getenv('WORDPRESS_DB_NAME') ?: 'wordpress');
define('DB_USER', getenv('WORDPRESS_DB_USER') ?: 'root');
define('DB_PASSWORD', getenv('WORDPRESS_DB_PASSWORD') ?: '');
define('DB_HOST', getenv('WORDPRESS_DB_HOST') ?: 'mysql');
define('DB_CHARSET', 'utf8');
define('DB_COLLATE', '');
EOPHP
    for name in AUTH_KEY SECURE_AUTH_KEY LOGGED_IN_KEY NONCE_KEY AUTH_SALT SECURE_AUTH_SALT LOGGED_IN_SALT NONCE_SALT; do
      echo "define('$name', '$(salt)');"
    done
    cat <<'EOPHP'
$table_prefix = getenv('WORDPRESS_TABLE_PREFIX') ?: 'wp_';
define('WP_DEBUG', false);
if (!defined('ABSPATH')) define('ABSPATH', dirname(__FILE__) . '/');
require_once(ABSPATH . 'wp-settings.php');
EOPHP
  } >wp-config.php
fi
chown -R www-data:www-data .
cat >/run/make-database.php <<'EOPHP'
<?php
// The database server may still be starting.
mysqli_report(MYSQLI_REPORT_OFF);
for ($attempt = 0; $attempt < 60; $attempt++) {
  $server = explode(':', getenv('WORDPRESS_DB_HOST') ?: 'mysql');
  $database = @new mysqli($server[0], getenv('WORDPRESS_DB_USER') ?: 'root', getenv('WORDPRESS_DB_PASSWORD') ?: '', '', (int) ($server[1] ?? 3306));
  if (!$database->connect_error) break;
  fwrite(STDERR, "MySQL Connection Error: ({$database->connect_errno}) {$database->connect_error}\\n");
  sleep(3);
}
if ($database->connect_error) exit(1);
$name = $database->real_escape_string(getenv('WORDPRESS_DB_NAME') ?: 'wordpress');
if (!$database->query("CREATE DATABASE IF NOT EXISTS \`$name\`")) { fwrite(STDERR, "MySQL 'CREATE DATABASE' Error: {$database->error}\\n"); exit(1); }
EOPHP
php /run/make-database.php
exec apache2 -D FOREGROUND -f /etc/apache2/skiff.conf
`;

/** PHP's extensions, switched on for the web server and the command line. */
const EXTENSIONS = `extension=mysqlnd.so
extension=mysqli.so
extension=tokenizer.so
extension=ctype.so
extension=iconv.so
extension=fileinfo.so
extension=exif.so
extension=gd.so
`;

/** WordPress with Apache and PHP, started and configured like the image that tutorials mean by `wordpress:…-apache`. */
export const WORDPRESS: DebianImageRecipe = {
  name: "wordpress",
  references: ["wordpress:latest", "wordpress:4.7.3-apache", "wordpress:4.8-apache", "wordpress:6.2.1-apache"],
  packages: [
    "base-files",
    "bash",
    "coreutils",
    "dash",
    "sed",
    "grep",
    "media-types",
    "wordpress",
    "wordpress-theme-twentytwentyone",
    `libapache2-mod-php${PHP}`,
    `php${PHP}-cli`,
    `php${PHP}-mysql`,
    `php${PHP}-gd`,
  ],
  users: [{ name: "www-data", uid: 33, home: "/var/www" }],
  directories: [{ path: "/var/www/html", uid: 33, gid: 33 }, { path: "/run" }, { path: "/var/log/apache2" }],
  files: [
    { path: "/usr/local/bin/docker-entrypoint.sh", mode: 0o755, content: ENTRYPOINT },
    { path: "/etc/apache2/skiff.conf", content: APACHE_CONFIG },
    { path: `/etc/php/${PHP}/apache2/conf.d/20-wordpress.ini`, content: EXTENSIONS },
    { path: `/etc/php/${PHP}/cli/conf.d/20-wordpress.ini`, content: EXTENSIONS },
  ],
  links: { "/usr/bin/php": `/usr/bin/php${PHP}` },
  config: {
    entrypoint: ["/usr/local/bin/docker-entrypoint.sh"],
    cmd: ["apache2-foreground"],
    workingDir: "/var/www/html",
    exposedPorts: ["80/tcp"],
    env: ["PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"],
  },
};
