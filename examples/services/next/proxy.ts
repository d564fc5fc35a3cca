// proxy.ts of a Next.js app: lets nobody through to the API who is not signed in.
// Before Next.js 16 the file is middleware.ts, and the function middleware.
import { callerOf } from "./caller";

export async function proxy(request: Request): Promise<Response | undefined> {
  const caller = await callerOf(request);
  return caller instanceof Response ? caller : undefined;
}

export const config = { matcher: "/api/:path*" };
