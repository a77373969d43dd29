import { describe, expect, it } from "vitest";
import type { Authorizer } from "../../attributes.ts";
import { CelAuthorizer } from "./authorizer-library.ts";
import { CelError, compileCel } from "./cel-program.ts";
import { fromCelValue, toCelValue } from "./cel-value.ts";

const object = {
  metadata: { name: "web", labels: { "a/b": "c" } },
  spec: { replicas: 5, ratio: 0.5, hosts: ["a.example", "b.example"], memory: "512Mi", ports: [{ port: 80 }, { port: 443 }] },
};

function evaluate(expression: string, variables: Record<string, unknown> = { object }): unknown {
  const types = Object.fromEntries(Object.keys(variables).map((name) => [name, "dyn"]));
  const values = Object.fromEntries(Object.entries(variables).map(([name, value]) => [name, toCelValue(value)]));
  return fromCelValue(compileCel(expression, types).evaluate(values));
}

describe("expressions", () => {
  it.each<[string, unknown]>([
    ["object.spec.replicas <= 5", true],
    ["object.spec.ratio < 1.0", true],
    ["has(object.spec.paused)", false],
    ["object.metadata.labels['a/b'] == 'c'", true],
    ["object.spec.?paused.orValue(false)", false],
    ["object.spec.hosts.all(h, h.endsWith('.example'))", true],
    ["object.spec.ports.map(p, p.port).sum()", 523],
    ["object.spec.ports.map(p, p.port).max()", 443],
    ["[3, 1, 2].isSorted()", false],
    ["['a', 'b', 'a'].lastIndexOf('a')", 2],
    ["sets.contains(object.spec.hosts, ['a.example'])", true],
    ["sets.intersects([1, 2], [3])", false],
    ["'abc 123'.find('[0-9]+')", "123"],
    ["'a1b22'.findAll('[0-9]+')", ["1", "22"]],
    ["'hello'.matches('^h.*o$')", true],
    ["['x1'].all(t, t.matches('^x[0-9]$'))", true],
    ["'%s has %d of %.1f'.format(['web', 5, 2.25])", "web has 5 of 2.3"],
    ["'a-b-c'.replace('-', '+', 1)", "a+b-c"],
    ["'hello'.charAt(4)", "o"],
    ["quantity(object.spec.memory).isLessThan(quantity('1Gi'))", true],
    ["quantity('1') == quantity('1000m')", true],
    ["quantity('50Mi').add(quantity('50Mi')).compareTo(quantity('100Mi'))", 0],
    ["isQuantity('1.5x')", false],
    ["ip('10.0.0.1').family()", 4],
    ["ip.isCanonical('2001:DB8::1')", false],
    ["isIP('::ffff:1.2.3.4')", false],
    ["cidr('10.0.0.0/8').containsIP('10.20.30.40')", true],
    ["cidr('192.168.0.0/16').containsCIDR('192.168.7.0/24')", true],
    ["string(cidr('10.1.2.3/8').masked())", "10.0.0.0/8"],
    ["cidr('2001:db8::/32').containsIP(ip('2001:db9::1'))", false],
    ["ip('127.0.0.1').isLoopback() && ip('8.8.8.8').isGlobalUnicast()", true],
    ["url('https://example.com:8443/a?x=1&x=2').getPort()", "8443"],
    ["url('https://example.com:8443/a?x=1&x=2').getQuery()['x']", ["1", "2"]],
    ["isURL('example.com')", false],
    ["semver('1.10.0').isGreaterThan(semver('1.9.9'))", true],
    ["semver('1.0.0-rc.1').compareTo(semver('1.0.0'))", -1],
    ["format.dns1123Label().validate('Not-A-Label').hasValue()", true],
    ["!format.named('labelValue').value().validate('ok').hasValue()", true],
    ["cel.bind(x, object.spec.replicas, x + x)", 10],
    ["{'a': object.spec.replicas}", { a: 5 }],
  ])("%s", (expression, value) => {
    expect(evaluate(expression)).toEqual(value);
  });

  it("see nothing of JavaScript", () => {
    for (const name of ["constructor", "__proto__", "toString", "size"]) expect(evaluate(`has(object.${name})`)).toBe(false);
    expect(evaluate("object.constructor", { object: { constructor: "mine" } })).toBe("mine");
  });

  it.each(["object.", "1 +", "unknown.field", "'a' + 1"])("that are wrong are refused: %s", (expression) => {
    expect(() => compileCel(expression, { object: "dyn" })).toThrow(CelError);
  });

  it("of the wrong type are refused", () => {
    expect(() => compileCel("'text'", {}, ["bool"])).toThrow("must evaluate to bool");
  });

  it.each(["object.missing", "object.spec.hosts[7]", "quantity('x')", "1 / 0"])("that fail say so: %s", (expression) => {
    expect(() => evaluate(expression)).toThrow(CelError);
  });

  it("end in time: patterns", () => {
    const started = process.hrtime.bigint();
    expect(evaluate(`object.text.matches('^(a+)+$')`, { object: { text: `${"a".repeat(5000)}!` } })).toBe(false);
    expect(Number(process.hrtime.bigint() - started) / 1e6).toBeLessThan(2000);
  });

  it("end in time: loops", () => {
    const list = Array.from({ length: 1000 }, (_, index) => index);
    const nested = "object.list.all(a, object.list.all(b, object.list.all(c, a + b + c >= 0)))";
    expect(() => evaluate(nested, { object: { list } })).toThrow(/cost limit exceeded/);
    expect(evaluate(nested, { object: { list: list.slice(0, 20) } })).toBe(true);
  });

  it("ask what users may do", () => {
    const asked: string[] = [];
    const authorizer: Authorizer = {
      authorize: (attributes) => {
        asked.push(
          `${attributes.user.name} ${attributes.verb} ${attributes.group}/${attributes.resource} ${attributes.namespace}/${attributes.name}`,
        );
        return { decision: attributes.verb === "get" ? "allow" : "noOpinion" };
      },
    };
    const program = compileCel(
      "authorizer.group('apps').resource('deployments').namespace('x').name('y').check('get').allowed() && !authorizer.serviceAccount('n', 's').group('').resource('pods').check('delete').allowed()",
      { authorizer: "kubernetes.authorization.Authorizer" },
    );
    expect(program.evaluate({ authorizer: new CelAuthorizer(authorizer, { name: "jane", groups: [] }) })).toBe(true);
    expect(asked).toEqual(["jane get apps/deployments x/y", "system:serviceaccount:n:s delete /pods /"]);
  });
});
