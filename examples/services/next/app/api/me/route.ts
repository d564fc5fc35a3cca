// A route of the app. It asks for itself, so that it is also safe where the proxy does not run.
import { callerOf } from "../../../caller";

export async function GET(request: Request): Promise<Response> {
  const caller = await callerOf(request);
  return caller instanceof Response ? caller : Response.json({ email: caller.email });
}
