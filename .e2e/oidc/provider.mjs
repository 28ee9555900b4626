// Serves an OpenID provider on loopback, prints its issuer, and ends when its input does. Its clients differ in how they prove who
// they are and in what signs their ID tokens; anybody logs in there, by any name.
import { generateKeyPairSync } from "node:crypto"
import { createServer } from "node:http"
import { Provider } from "oidc-provider"

const jwk = (kid, alg, type, options) => ({
  ...generateKeyPairSync(type, options).privateKey.export({ format: "jwk" }), kid, alg, use: "sig",
})
const secret = "a secret of the client: +%&"
const client = (id, more) => ({
  client_id: id, client_secret: secret, redirect_uris: ["https://shop.example/callback", "https://shop.example/admin/callback"],
  response_types: ["code"], grant_types: ["authorization_code"], ...more,
})

const server = createServer()
await new Promise((done) => server.listen(0, "127.0.0.1", done))
const provider = new Provider(`http://127.0.0.1:${server.address().port}`, {
  clients: [
    client("basic", { id_token_signed_response_alg: "RS256" }),
    client("post", { token_endpoint_auth_method: "client_secret_post", id_token_signed_response_alg: "ES256" }),
    client("public", { client_secret: undefined, token_endpoint_auth_method: "none", id_token_signed_response_alg: "EdDSA" }),
    client("pss", { id_token_signed_response_alg: "PS256" }),
  ],
  jwks: {
    keys: [
      jwk("rsa", "RS256", "rsa", { modulusLength: 2048 }), jwk("pss", "PS256", "rsa", { modulusLength: 2048 }),
      jwk("ec", "ES256", "ec", { namedCurve: "P-256" }), jwk("ed", "EdDSA", "ed25519", {}),
    ],
  },
  enabledJWA: { idTokenSigningAlgValues: ["RS256", "PS256", "ES256", "EdDSA"] },
  claims: { openid: ["sub"], email: ["email", "email_verified"], profile: ["name", "picture"] },
  cookies: { keys: ["a key that signs cookies of these tests"] },
  pkce: { required: () => true },
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id, email: `${id}@example.com`, email_verified: id !== "eve", name: `${id} of the tests`, picture: "https://shop.example/a.png",
    }),
  }),
})
server.on("request", provider.callback())
console.log(`issuer: ${provider.issuer}`)
process.stdin.resume().on("end", () => process.exit(0))
