// The services that can be sent analyses, shared by all parts of a page.
import { useEffect, useState } from "../vendor/htm-preact.js";
import { api } from "./api.js";

const LIFETIME = 30_000;

let request = null;
let requestedAt = 0;

export const isRunnable = (service) => service.enabled && !service.upload_only;

function loadServices() {
  if (!request || Date.now() - requestedAt > LIFETIME) {
    requestedAt = Date.now();
    request = api.get("/analysis_service").then((services) => services.filter(isRunnable));
    request.catch(() => {
      request = null;
    });
  }
  return request;
}

// Undefined until they are loaded.
export function useRunnableServices() {
  const [services, setServices] = useState(undefined);
  useEffect(() => {
    let isCurrent = true;
    loadServices().then(
      (loaded) => isCurrent && setServices(loaded),
      () => {},
    );
    return () => {
      isCurrent = false;
    };
  }, []);
  return services;
}
