const json = (schema: object): object => ({ content: { "application/json": { schema } } });
const reference = (name: string): object => ({ $ref: `#/components/schemas/${name}` });
const PROBLEM = { description: "What is wrong", ...json(reference("Problem")) };
const NONE = { description: "There is no such user", ...json(reference("Problem")) };
const ID = { name: "id", in: "path", required: true, schema: { type: "string" } };
const UNAVAILABLE = { description: "Elasticsearch cannot be reached", ...json(reference("Problem")) };

/** The API, described in OpenAPI. */
export const DESCRIPTION = {
  openapi: "3.0.3",
  info: { title: "Hobnob", version: "0.1.0", description: "People and what they say about themselves." },
  paths: {
    "/users": {
      get: {
        summary: "Search for users, or list them",
        parameters: [{ name: "query", in: "query", schema: { type: "string" }, description: "Words of the profile or the e-mail address" }],
        responses: {
          200: { description: "At most 100 users", ...json({ type: "array", items: reference("User") }) },
          503: UNAVAILABLE,
        },
      },
      post: {
        summary: "Create a user",
        requestBody: { required: true, ...json(reference("NewUser")) },
        responses: {
          201: { description: "The user's id", content: { "text/plain": { schema: { type: "string" } } } },
          400: PROBLEM,
          409: { description: "The e-mail address is taken", ...json(reference("Problem")) },
          503: UNAVAILABLE,
        },
      },
    },
    "/users/{id}": {
      parameters: [ID],
      get: { summary: "Retrieve a user", responses: { 200: { description: "The user", ...json(reference("User")) }, 404: NONE } },
      put: {
        summary: "Replace the profile of a user",
        requestBody: { required: true, ...json(reference("Profile")) },
        responses: { 204: { description: "Replaced" }, 400: PROBLEM, 404: NONE },
      },
      patch: {
        summary: "Change parts of a user's profile",
        requestBody: { required: true, ...json(reference("Profile")) },
        responses: { 204: { description: "Changed" }, 400: PROBLEM, 404: NONE },
      },
      delete: { summary: "Delete a user", responses: { 204: { description: "Deleted" }, 404: NONE } },
    },
  },
  components: {
    schemas: {
      Profile: {
        type: "object",
        additionalProperties: false,
        properties: {
          name: {
            type: "object",
            additionalProperties: false,
            properties: { first: { type: "string" }, middle: { type: "string" }, last: { type: "string" } },
          },
          summary: { type: "string", maxLength: 256 },
          bio: { type: "string", maxLength: 4096 },
        },
      },
      NewUser: {
        type: "object",
        required: ["email", "digest"],
        properties: {
          email: { type: "string", format: "email" },
          digest: { type: "string", description: "bcrypt's digest of the password, made by the client" },
          profile: reference("Profile"),
        },
      },
      User: {
        type: "object",
        properties: { id: { type: "string" }, email: { type: "string" }, profile: reference("Profile") },
      },
      Problem: { type: "object", properties: { message: { type: "string" } } },
    },
  },
} as const;
