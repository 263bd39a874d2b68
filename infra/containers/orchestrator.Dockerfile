# The orchestrator. Built from the repository's root: docker build -f infra/containers/orchestrator.Dockerfile .

FROM mcr.microsoft.com/dotnet/sdk:10.0-noble AS build
WORKDIR /repo
COPY . .
RUN dotnet publish functions/AlignGuard.Orchestrator -c Release -o /app -p:Cloud=true

FROM mcr.microsoft.com/dotnet/aspnet:10.0-noble
WORKDIR /app
COPY --from=build /app .
# The image's own user without rights; by number, so that the platform can see that it is not root.
USER $APP_UID
ENTRYPOINT ["dotnet", "AlignGuard.Orchestrator.dll"]
