// Makes the SDK as the address of the page says, and says what becomes of its calls.
import Medusa from "@medusajs/js-sdk"

window.sdk = new Medusa(JSON.parse(new URLSearchParams(location.search).get("config")))
window.outcome = (call) => call.then(
  (answer) => answer?.customer?.email ?? "ok",
  (err) => [err.constructor.name, err.status, err.message].filter(Boolean).join(" "),
)
